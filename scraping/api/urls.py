"""Addresses of the runner API, under /api/."""

from django.urls import path, re_path

from scraping.api import views

urlpatterns = [
    path("scraper/v1/poll", views.PollView.as_view()),
    path("scraper/v1/job", views.JobView.as_view()),
    path("scraper/v1/heartbeat", views.HeartbeatView.as_view()),
    path("scraper/v1/credentials", views.CredentialsView.as_view()),
    path("scraper/v1/credentials/<str:slug>", views.CredentialsView.as_view()),
    path("scraper/v1/logs", views.LogsView.as_view()),
    path("scraper/v1/callback", views.CallbackView.as_view()),
    path("admin/scraping/callback", views.CallbackView.as_view()),
    path("schema/", views.SchemaView.as_view()),
    re_path(r"^", views.UnknownView.as_view()),
]
