"""Registration and password reset, three pages each: the address, the code, the password."""
import time

from django.contrib import messages
from django.contrib.auth import get_user_model, login
from django.contrib.auth.forms import SetPasswordForm
from django.db import IntegrityError
from django.shortcuts import get_object_or_404, redirect
from django.views.generic import FormView

from . import mail, otp
from .forms import AddressForm, CodeForm

User = get_user_model()
# After the code, this long to choose a password.
PROVED_SECONDS = 600


class Step(FormView):
    """One page. `purpose` is the sidecar's word, and the first part of the page's name."""

    purpose = title = None
    template_name = "accounts/step.html"

    def go(self, step):
        return redirect(f"{self.purpose}-{step}")

    def refuse(self, form, refusal):
        form.add_error(None, str(refusal))
        return self.render_to_response(self.get_context_data(form=form), status=refusal.status)

    def send(self, email):
        known = User.objects.filter(username=email, is_active=True).exists()
        registers = self.purpose == "registration"
        # Whoever is not to get a code is answered like everybody else.
        verification, code = otp.send(self.request, self.purpose, email, known != registers)
        if code:
            mail.code(verification, self.purpose, email, code)
        elif known and registers:
            mail.known_already(email)


class Ask(Step):
    """Takes the address and has a code sent there."""

    form_class = AddressForm
    extra_context = {"button": "Send me a code"}

    def form_valid(self, form):
        try:
            self.send(form.cleaned_data["email"])
        except otp.Refused as refusal:
            return self.refuse(form, refusal)
        messages.info(self.request, "If this address can be used, a code is on its way there.")
        return self.go("code")


class Check(Step):
    """Takes the code; with `again` in the form sends another."""

    form_class = CodeForm
    extra_context = {"button": "Go on", "again": True}

    def dispatch(self, request, *args, **kwargs):
        if "otp" not in request.session:
            return self.go("address")
        return super().dispatch(request, *args, **kwargs)

    def post(self, request, *args, **kwargs):
        if "again" not in request.POST:
            return super().post(request, *args, **kwargs)
        try:
            self.send(request.session["otp"]["email"])
            messages.info(request, "Another code is on its way. The one before works no more.")
        except otp.Refused as refusal:
            messages.error(request, str(refusal))
        return self.go("code")

    def form_valid(self, form):
        try:
            email = otp.check(self.request, self.purpose, form.cleaned_data["code"])
        except otp.Refused as refusal:
            return self.refuse(form, refusal)
        # Who knew the session before shall not have this one.
        self.request.session.cycle_key()
        self.request.session["proved"] = [self.purpose, email, time.time() + PROVED_SECONDS]
        return self.go("password")


class Choose(Step):
    """Takes the password: makes the account, or changes its password, and signs the user in."""

    form_class = SetPasswordForm
    extra_context = {"button": "Save the password"}

    def dispatch(self, request, *args, **kwargs):
        purpose, self.email, until = request.session.get("proved", (None, None, 0))
        if purpose != self.purpose or until < time.time():
            return self.go("address")
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self):
        if self.purpose == "registration":
            user = User(username=self.email, email=self.email)
        else:
            user = get_object_or_404(User, username=self.email, is_active=True)
        return super().get_form_kwargs() | {"user": user}

    def form_valid(self, form):
        try:
            user = form.save()
        except IntegrityError:
            messages.error(self.request, "You are registered already. Sign in.")
            return redirect("login")
        del self.request.session["proved"]
        login(self.request, user)
        messages.success(self.request, "Your password is saved and you are signed in.")
        return redirect("home")
