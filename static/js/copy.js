// Copies the text of the element that a button's `data-copy` names, and says so on the button.
for (const button of document.querySelectorAll("button[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = button.dataset.done;
    } catch {
      // without https there is no clipboard: mark the text, so that Ctrl-C takes it
      getSelection().selectAllChildren(source);
    }
  });
}
