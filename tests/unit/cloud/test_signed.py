"""Requests that others may send: signed, with what they need, and none through a proxy."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.httpsession import get_cert_path

from pitwall.cloud.clients import Clients, make_clients

OWNED = "pitwall-archive-123456789012-us-east-1"


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "who")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(params=["us-east-1", "eu-west-1"])
def clients(request: pytest.FixtureRequest) -> Clients:
    return make_clients(region=request.param)


def test_an_url_is_signed_as_every_region_takes_it(clients: Clients) -> None:
    get = clients.signed_get("race", "sealed/a b/ü+1.seg")
    assert get is not None
    url = urlsplit(get.url)
    assert url.scheme == "https"
    assert url.path == "/sealed/a%20b/%C3%BC%2B1.seg"
    query = parse_qs(url.query)
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Credential"][0].startswith("who/")
    assert query["X-Amz-SignedHeaders"] == ["host"]
    assert int(query["X-Amz-Expires"][0]) <= 900
    assert "secret" not in get.url
    assert get.headers == {}
    assert get.authorities == get_cert_path(True)


def test_the_owner_that_is_signed_for_is_sent(clients: Clients) -> None:
    get = clients.signed_get(OWNED, "k")
    assert get is not None
    assert get.headers == {"x-amz-expected-bucket-owner": "123456789012"}
    assert (
        "x-amz-expected-bucket-owner" in parse_qs(urlsplit(get.url).query)["X-Amz-SignedHeaders"][0]
    )


def test_the_authorities_are_the_configured_ones(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/requests.pem")
    get = clients.signed_get("race", "k")
    assert get is not None
    assert get.authorities == "/requests.pem"
    monkeypatch.setenv("AWS_CA_BUNDLE", "/aws.pem")
    get = make_clients(region="eu-west-1").signed_get("race", "k")
    assert get is not None
    assert get.authorities == "/aws.pem"


def test_through_a_proxy_only_the_client_sends(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    assert clients.signed_get("race", "k") is None
    monkeypatch.setenv("NO_PROXY", "amazonaws.com")
    assert clients.signed_get("another", "k") is not None


def test_what_is_signed_for_and_not_known_cannot_be_sent(clients: Clients) -> None:
    def say(params: dict[str, object], **_: object) -> dict[str, object]:
        return {**params, "RequestPayer": "requester"}

    clients.s3.meta.events.register("provide-client-params.s3.GetObject", say)
    assert clients.signed_get("race", "k") is None
