"""The pages."""
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path
from django.views.generic import TemplateView

from . import views

STEPS = {"address": views.Ask, "code": views.Check, "password": views.Choose}
TITLES = {"registration": "Register", "password_reset": "Reset the password"}

urlpatterns = [
    path("", TemplateView.as_view(template_name="accounts/home.html"), name="home"),
    path("login/", LoginView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    *(
        path(f"{purpose}/{step}/", view.as_view(purpose=purpose, title=title), name=f"{purpose}-{step}")
        for purpose, title in TITLES.items()
        for step, view in STEPS.items()
    ),
]
