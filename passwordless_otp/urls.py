"""The URLs of the pages, the API and the webhooks: `path("auth/", include("passwordless_otp.urls"))`."""

from passwordless_otp.api import urls as api
from passwordless_otp.pages import urls as pages
from passwordless_otp.webhooks import urls as webhooks

app_name = "passwordless_otp"
urlpatterns = [*pages.urlpatterns, *api.urlpatterns, *webhooks.urlpatterns]
