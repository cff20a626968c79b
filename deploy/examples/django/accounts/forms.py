"""What the user types."""
from django import forms


class AddressForm(forms.Form):
    email = forms.EmailField(widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True}), max_length=150)

    def clean_email(self):
        # One spelling for the account, for the code and for the mail.
        return self.cleaned_data["email"].lower()


class CodeForm(forms.Form):
    # How long a code is, and of what, only the sidecar knows.
    code = forms.CharField(
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}),
    )
