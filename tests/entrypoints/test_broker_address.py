import pytest

from watchfloor.core.errors import InvalidConfiguration
from watchfloor.entrypoints.broker_address import BrokerAddress, broker_of_url


class TestBrokerOfUrl:
    def test_reads_account_and_port_with_their_escapes(self):
        broker = broker_of_url("mqtt://watchfloor%2Fingest:a%40b@broker.example:18830")

        assert broker == BrokerAddress("broker.example", 18830, "watchfloor/ingest", "a@b")

    @pytest.mark.parametrize(
        ("url", "port", "tls"),
        [("mqtt://broker.example", 1883, False), ("mqtts://broker.example", 8883, True)],
    )
    def test_knows_the_usual_ports(self, url, port, tls):
        broker = broker_of_url(url)

        assert (broker.port, broker.tls) == (port, tls)

    def test_subscribes_alone_unless_told_to_share(self):
        alone = broker_of_url("mqtt://broker.example")
        one_of_several = broker_of_url("mqtt://broker.example?shared=true")

        assert (alone.subscription, one_of_several.subscription) == ("wf/#", "$share/wf/wf/#")
        assert one_of_several.session_expiry_s == 3600 < alone.session_expiry_s

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "broker.example:1883",
            "amqp://broker.example",
            "mqtt://",
            "mqtt://u:secret@broker.example:port",
            "mqtt://u:secret@broker.example:70000",
            "mqtt://u:secret@broker.example?share=true",
        ],
    )
    def test_refuses_what_names_no_broker_without_repeating_the_password(self, url):
        with pytest.raises(InvalidConfiguration) as refused:
            broker_of_url(url)

        assert refused.value.field == "WATCHFLOOR_MQTT_URL"
        assert "secret" not in str(refused.value)

    def test_keeps_the_password_out_of_its_own_text(self):
        assert "secret" not in repr(broker_of_url("mqtt://u:secret@broker.example"))
