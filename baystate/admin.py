"""The admin site: its name and what stands in its header."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _


class BayStateAdminSite(admin.AdminSite):
    site_header = "Bay State"
    site_title = "Bay State"
    index_title = _("Products, from the register to the shop")
    enable_nav_sidebar = True
