"""Forms that a site puts on the sign-up page, and its functions that create users."""

from django import forms
from django.contrib.auth.models import Group

from passwordless_otp.users import create_user

made = []


class About(forms.Form):
    company = forms.CharField(max_length=50)
    size = forms.ChoiceField(choices=[("s", "Small"), ("l", "Large")], widget=forms.RadioSelect, required=False)
    topics = forms.MultipleChoiceField(choices=[("a", "Art"), ("b", "Books")], required=False)
    born = forms.DateField(required=False)
    ref = forms.CharField(widget=forms.HiddenInput, required=False)
    notes = forms.CharField(widget=forms.Textarea, required=False)

    def clean_company(self):
        return self.cleaned_data["company"].upper()

    def clean(self):
        given = super().clean()
        if given.get("company") == "NOBODY":
            raise forms.ValidationError("We know nobody of that name.")
        return given


class Team(forms.ModelForm):
    class Meta:
        model = Group
        fields = ["name"]


class Optional(forms.Form):
    news = forms.BooleanField(label="Send me news", required=False)


class NotJSON(forms.Form):
    def clean(self):
        return {**super().clean(), "thing": object()}


class Clashing(forms.Form):
    first_name = forms.CharField()


class Photo(forms.Form):
    photo = forms.ImageField()


def create_and_note(*, extra, **given):
    made.append(extra)
    return create_user(**given)


def create_without_extra(*, email_address, phone_number, first_name, last_name, username, unsafe_metadata):
    return create_user(
        email_address=email_address,
        phone_number=phone_number,
        first_name=first_name,
        last_name=last_name,
        username=username,
        unsafe_metadata=unsafe_metadata,
    )
