"""Sign in, sign out, and one's own password; it works without any network beyond this server."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import views as auth_views
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse_lazy
from django.utils.translation import gettext

from watchfloor.entrypoints import rate_limits

# Who tries passwords is slowed down; who mistypes a few times is not.
SIGN_IN_RATE = "10/minute"


class TooManyAttempts(AuthenticationForm):
    """The sign-in form once more, without a look at the password: guessing on tells nothing."""

    def __init__(self, *args: Any, wait_s: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._wait_s = wait_s

    def clean(self) -> dict[str, Any]:
        """Refuse, whatever was typed."""
        words = gettext("Too many attempts. Try again in %(s)s seconds.")
        raise ValidationError(words % {"s": self._wait_s})


class SignIn(auth_views.LoginView):
    """The sign-in page."""

    template_name = "console/login.html"
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Take a name and a password, at most ten times a minute for one name and address."""
        name = request.POST.get("username", "")[:150].casefold()
        key = f"sign-in:{request.META.get('REMOTE_ADDR', '')}:{name}"
        allowance = rate_limits.take(key=key, rate=SIGN_IN_RATE)
        if allowance.allowed:
            return super().post(request, *args, **kwargs)
        return self._slow_down(max(1, allowance.reset_s))

    def _slow_down(self, wait_s: int) -> HttpResponse:
        form = TooManyAttempts(self.request, data=self.request.POST, wait_s=wait_s)
        response = self.render_to_response(self.get_context_data(form=form), status=429)
        response["Retry-After"] = str(wait_s)
        return response


class Account(auth_views.PasswordChangeView):
    """One's own account: the password."""

    template_name = "console/account.html"
    success_url = reverse_lazy("console:wall")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer; nobody else's browser keeps the page."""
        response = super().dispatch(request, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response

    def form_valid(self, form: Any) -> HttpResponse:
        """Store the new password and say so; other sessions of the person end."""
        messages.success(self.request, gettext("Your password is changed."))
        return super().form_valid(form)
