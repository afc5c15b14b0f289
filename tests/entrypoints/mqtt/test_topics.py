import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchfloor.core.errors import MalformedReading
from watchfloor.entrypoints.mqtt.topics import Address, may_publish, parse_topic, storable


class TestParseTopic:
    @pytest.mark.parametrize(
        ("topic", "field"),
        [
            ("", "topic"),
            ("telemetry", "topic"),
            ("xx/acme/phone/checkin", "topic"),
            ("/wf/acme/phone/checkin", "topic"),
            ("wf/acme/phone/checkin/more", "topic"),
            ("wf", "tenant"),
            ("wf//phone/checkin", "tenant"),
            ("wf/ac me/phone/checkin", "tenant"),
            ("wf/$SYS/phone/checkin", "tenant"),
            ("wf/acme", "device"),
            ("wf/acme//checkin", "device"),
            ("wf/acme/../checkin", "device"),
            ("wf/acme/a\x00b/checkin", "device"),
            ("wf/acme/" + "x" * 61 + "/checkin", "device"),
            ("wf/acme/phone", "kind"),
            ("wf/acme/phone/", "kind"),
            ("wf/acme/phone/CHECKIN", "kind"),
            ("wf/acme/phone/oven", "kind"),
        ],
    )
    def test_names_the_level_that_does_not_fit(self, topic, field):
        with pytest.raises(MalformedReading) as refused:
            parse_topic(topic)

        assert refused.value.field == field

    @given(topic=st.text() | st.from_regex(r"wf(/[^/]{0,70}){1,5}", fullmatch=True))
    def test_never_raises_anything_else(self, topic):
        try:
            address = parse_topic(topic)
        except MalformedReading:
            return

        assert topic == f"wf/{address.tenant}/{address.device}/{address.kind}"

    def test_reads_what_fits(self):
        address = parse_topic("wf/acme/phone.7@gate:2/sensor")

        assert address == Address("acme", "phone.7@gate:2", "sensor")


@pytest.mark.parametrize(
    ("topic", "allowed"),
    [
        ("wf/acme/phone-7/checkin", True),
        ("wf/acme/phone-7/oven", True),
        ("wf/acme/phone-7/", True),
        ("wf/acme/phone-7", False),
        ("wf/acme/phone-7/checkin/x", False),
        ("wf/acme/phone-70/checkin", False),
        ("wf/borealis/phone-7/checkin", False),
        ("other/acme/phone-7/checkin", False),
    ],
)
def test_a_device_publishes_one_level_below_its_own_name(topic, allowed):
    assert may_publish("acme/phone-7", topic) is allowed


@given(text=st.text(alphabet=st.characters()))
def test_storable_text_fits_every_database(text):
    kept = storable(text)

    assert "\0" not in kept
    assert kept.encode("utf-8").decode("utf-8") == kept
