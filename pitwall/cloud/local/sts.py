"""Of the token service the one call that tells whose credentials these are."""

from __future__ import annotations

from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from pitwall.cloud.local.access import Access
from pitwall.cloud.local.errors import AwsError
from pitwall.cloud.local.server import Request, Response

_NS = 'xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'


def answer(access: Access, account: str, request: Request) -> Response:
    """Answer GetCallerIdentity; every other call is refused as not offered here."""
    action = parse_qs(request.body.decode("latin-1")).get("Action", ["?"])[0]
    try:
        if action != "GetCallerIdentity":
            raise AwsError("NotImplemented", f"not supported here: {action}", 501)
        who = access.caller(request)
    except AwsError as error:
        return _xml(
            error.status,
            f"<ErrorResponse {_NS}><Error><Type>Sender</Type><Code>{escape(error.type)}</Code>"
            f"<Message>{escape(error.message)}</Message></Error></ErrorResponse>",
        )
    return _xml(
        200,
        f"<GetCallerIdentityResponse {_NS}><GetCallerIdentityResult><Arn>{escape(who)}</Arn>"
        f"<UserId>{escape(who.rpartition('/')[2])}</UserId><Account>{account}</Account>"
        "</GetCallerIdentityResult></GetCallerIdentityResponse>",
    )


def _xml(status: int, text: str) -> Response:
    return Response(status, text.encode(), {"Content-Type": "text/xml"})
