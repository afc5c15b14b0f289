import base64
import io
import stat
import subprocess
from pathlib import Path

import pytest
from cast import ALICES_SECRET
from django.core.management import CommandError, call_command
from entrypoints.mqtt.malformed import PHONE
from entrypoints.mqtt.phones import Ingest, Phone, event, eventually

from watchfloor.core.errors import InvalidInput
from watchfloor.entrypoints.mosquitto import (
    MosquittoOptions,
    access_rules,
    password_hash,
    read_accounts,
    write_configuration,
)
from watchfloor.noc.models import ActivitySignal

PASSWD = Path("/usr/bin/mosquitto_passwd")


class TestWriteConfiguration:
    def test_binds_each_device_to_its_own_topics(self):
        rules = access_rules(has_gateway=False).splitlines()

        assert "pattern write wf/%u/+" in rules
        assert "topic read wf/#" in rules
        assert "user gateway" not in rules

    def test_lets_the_owner_alone_read_it(self, tmp_path):
        path = write_configuration(
            tmp_path / "mosquitto", accounts={"ingest": "$7$x"}, options=MosquittoOptions()
        )

        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.glob("*[!a]")}
        assert modes == {"mosquitto.conf": 0o600, "passwords": 0o600, "access": 0o600}

    @pytest.mark.parametrize("username", ["acme/+", "a:b", "acme/#", "", "a\nuser x"])
    def test_refuses_a_name_that_would_mean_something_else(self, tmp_path, username):
        with pytest.raises(InvalidInput, match="username"):
            write_configuration(tmp_path, accounts={username: "x"}, options=MosquittoOptions())

    def test_speaks_tls_with_a_certificate(self, tmp_path):
        options = MosquittoOptions(
            port=8883, bind="0.0.0.0", certificate=tmp_path / "chain.pem", key=tmp_path / "key.pem"
        )

        text = write_configuration(tmp_path, accounts={}, options=options).read_text()

        assert "listener 8883 0.0.0.0" in text
        assert f"certfile {tmp_path}/chain.pem" in text
        assert f"keyfile {tmp_path}/key.pem" in text

    @pytest.mark.services
    def test_hashes_as_mosquitto_passwd_does(self, tmp_path):
        if not PASSWD.exists():
            pytest.skip(f"{PASSWD} is not installed")
        file = tmp_path / "passwords"
        subprocess.run([PASSWD, "-c", "-b", file, "acme/phone", "sécret"], check=True)

        theirs = read_accounts(tmp_path)["acme/phone"]
        salt = base64.b64decode(theirs.split("$")[3])

        assert password_hash("sécret", salt=salt) == theirs


@pytest.mark.usefixtures("tenant")
class TestCommand:
    def test_issues_the_ingests_account_once(self, tmp_path):
        first, second = io.StringIO(), io.StringIO()

        call_command("write_mosquitto_config", tmp_path, stdout=first)
        accounts = read_accounts(tmp_path)
        call_command("write_mosquitto_config", tmp_path, gateway=True, stdout=second)

        assert "WATCHFLOOR_MQTT_URL=mqtt://ingest:" in first.getvalue()
        assert "WATCHFLOOR_MQTT_URL" not in second.getvalue()
        assert "gateway: mqtt://gateway:" in second.getvalue()
        assert read_accounts(tmp_path)["ingest"] == accounts["ingest"]

    def test_adds_devices_that_the_directory_knows(self, tmp_path):
        secrets = tmp_path / "secrets"
        secrets.write_text(f"acme/phone-alice:{ALICES_SECRET}\n\n")

        call_command("write_mosquitto_config", tmp_path, secrets=secrets, stdout=io.StringIO())

        hashed = read_accounts(tmp_path)["acme/phone-alice"]
        salt = base64.b64decode(hashed.split("$")[3])
        assert hashed == password_hash(ALICES_SECRET, salt=salt)

    def test_names_the_line_of_a_device_that_is_none(self, tmp_path):
        secrets = tmp_path / "secrets"
        secrets.write_text(f"acme/phone-alice:{ALICES_SECRET}\nacme/phone-alice:guessed\n")

        with pytest.raises(CommandError, match="secrets:2: acme/phone-alice"):
            call_command("write_mosquitto_config", tmp_path, secrets=secrets, stdout=io.StringIO())

    def test_wants_certificate_and_key_together(self, tmp_path):
        with pytest.raises(CommandError, match="together"):
            call_command("write_mosquitto_config", tmp_path, certificate=tmp_path / "chain.pem")


@pytest.mark.services
class TestSharedStream:
    def test_divides_the_stream_among_ingests_and_stores_each_event_once(
        self, mosquitto_stand, cleanup
    ):
        ingests = []
        for number in range(2):
            ingest = Ingest(
                port=mosquitto_stand.port,
                account=mosquitto_stand.ingest_account,
                is_embedded=False,
                is_shared=True,
                client_id=f"ingest-{number}",
            )
            cleanup.callback(ingest.stop)
            ingest.start().wait_until_connected()
            ingests.append(ingest)
        phone = Phone(
            port=mosquitto_stand.port, username="acme/phone-alice", password=ALICES_SECRET
        )
        cleanup.callback(phone.close)
        phone.connect()

        for number in range(100):
            phone.publish(PHONE, event(f"e{number}"))
        eventually(lambda: sum(one.tally.received for one in ingests) == 100)

        # Mosquitto goes round: with a hundred messages each has its fifty.
        assert [one.tally.stored for one in ingests] == [50, 50]
        assert ActivitySignal.objects.count() == 100
