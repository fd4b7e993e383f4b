"""The URLs of a site whose one page takes from the buckets that its query names: 200, or 429 with Retry-After."""

import os

from django.http import HttpResponse
from django.urls import path

from passwordless_otp.errors import TooManyRequests
from passwordless_otp.rate_limits import windows
from passwordless_otp.rate_limits.windows import Bucket

DAY = 24 * 60 * 60


def named(text):
    """The bucket `name:limit`."""
    name, limit = text.split(":")
    return Bucket("over HTTP", (name,), int(limit), DAY)


def page(request):
    buckets = [named(text) for text in request.GET.getlist("bucket")]
    try:
        windows.consume(buckets)
    except TooManyRequests as refusal:
        return HttpResponse(str(os.getpid()), status=429, headers={"Retry-After": refusal.retry_after})
    return HttpResponse(str(os.getpid()))


urlpatterns = [path("", page)]
