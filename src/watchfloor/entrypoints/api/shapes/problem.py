"""A refusal, as RFC 9457 has it."""

from rest_framework import serializers


class Problem(serializers.Serializer[object]):
    """Why a request, or one item of a batch, was refused."""

    type = serializers.CharField(help_text="Names the kind; for programs.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="One sentence; for people.")
    instance = serializers.CharField(required=False)
    request_id = serializers.CharField(required=False)
    field = serializers.CharField(required=False, help_text="What did not fit.")
    value = serializers.JSONField(required=False, help_text="What came, cut to 120 characters.")
    expected = serializers.CharField(required=False, help_text="What would have fitted.")
