"""The site's pages: all of them are about accounts."""
from django.urls import include, path

urlpatterns = [path("", include("accounts.urls"))]
