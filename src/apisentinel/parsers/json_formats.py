"""The JSON formats of web servers and gateways, and our own.

Each is a table of a column and the paths that it is taken from, best first: of several paths the
first one with a value wins. Where a format lets its user choose the keys (nginx, Envoy, API
Gateway) the usual ones are listed; for others there are mapping files. A line is a request when it
has one column of each group of `required`.
"""

from apisentinel.parsers.mapping import JsonMapping, fields

COMMON_HEADERS = (
    "x-forwarded-for",
    "x-real-ip",
    "forwarded",
    "cookie",
    "authorization",
    "accept",
    "accept-language",
    "accept-encoding",
    "content-type",
    "origin",
    "x-api-key",
    "x-forwarded-host",
    "x-original-url",
    "x-requested-with",
    "true-client-ip",
    "cf-connecting-ip",
)
"""Request headers that are often logged one by one: address chains, credentials, attacks."""


# The role in which a user comes has no column of its own: it travels as the last header, under a
# name that no client can send.


def single_headers(prefix: str, *, title: bool = False) -> dict[str, str]:
    """Paths ``prefix`` + name of each common header, also with underscores, or in title case."""
    out: dict[str, str] = {}
    for name in COMMON_HEADERS:
        spellings = (name.title(),) if title else (name, name.replace("-", "_"))
        out.update({prefix + spelling: f"header:{name}" for spelling in spellings})
    return out


NDJSON = JsonMapping(
    "ndjson",
    fields(
        """
        event_id              event_id
        ts                    ts
        method                method
        url                   url
        path                  path
        query                 query
        host                  host
        scheme                scheme
        http_version          http_version
        status                status
        request_bytes         request_bytes
        response_bytes        response_bytes
        peer_ip               peer_ip
        client_ip             client_ip
        user_id               user_id
        session_id            session_id
        credential_id         credential_id
        user_agent            user_agent
        referer               referer
        headers               headers
        request_body          request_body
        response_body         response_body
        request_body_base64   request_body_base64
        response_body_base64  response_body_base64
        tls_ja4               tls_ja4
        tenant                tenant
        source                source
        duration:us           duration_us
        header::role          extra.role extra.roles extra.scope
        """
    ),
    required=(("method",), ("url", "path")),
    strict=True,
)

NGINX = JsonMapping(
    "nginx-json",
    fields(
        """
        ts              time_iso8601 msec time_local @timestamp timestamp time ts datetime
        peer_ip         remote_addr realip_remote_addr remote_ip client_ip clientip client ip
        user_id         remote_user user
        method          request_method method verb
        url             request_uri uri url path document_uri
        query           args query_string
        request_line    request
        status          status response response_code status_code
        response_bytes  body_bytes_sent bytes_sent bytes size
        request_bytes   request_length
        duration        request_time duration response_time
        user_agent      http_user_agent user_agent agent useragent
        referer         http_referer http_referrer referer referrer
        host            http_host host vhost server_name
        http_version    server_protocol protocol http_version
        event_id        request_id req_id
        scheme          scheme
        request_body    request_body
        session_id      cookie_sessionid cookie_session cookie_phpsessid cookie_jsessionid
        session_id      session_id
        tls_ja4         ssl_ja4 http_ssl_ja4 ja4
        """
    )
    | single_headers("http_")
    | fields("header:content-type content_type")
    | fields("header:x-forwarded-for x_forwarded_for xff"),
    required=(("url", "request_line"), ("status", "request_line")),
)

CADDY = JsonMapping(
    "caddy",
    fields(
        """
        ts              ts
        peer_ip         request.remote_ip request.remote_addr
        client_ip       request.client_ip
        http_version    request.proto
        method          request.method
        host            request.host
        url             request.uri
        headers         request.headers
        user_id         user_id
        duration:s      duration
        response_bytes  size
        request_bytes   bytes_read
        status          status
        event_id        request.id
        """
    ),
    required=(("url",), ("status",)),
)

TRAEFIK = JsonMapping(
    "traefik-json",
    fields(
        """
        ts              StartUTC StartLocal time
        duration:ns     Duration
        peer_ip         ClientHost ClientAddr
        user_id         ClientUsername
        method          RequestMethod
        url             RequestPath
        host            RequestHost RequestAddr
        http_version    RequestProtocol
        scheme          RequestScheme
        request_bytes   RequestContentSize
        status          DownstreamStatus OriginStatus
        response_bytes  DownstreamContentSize OriginContentSize
        user_agent      request_User-Agent
        referer         request_Referer
        event_id        trace_id
        """
    )
    | single_headers("request_", title=True),
    required=(("url",), ("status", "method")),
)

ENVOY = JsonMapping(
    "envoy-json",
    fields(
        """
        ts                      start_time timestamp time @timestamp
        method                  method :method request_method req_method
        url                     x_envoy_original_path x-envoy-original-path original_path
        url                     x-envoy-origin-path x_envoy_origin_path path
        url                     :path
        url                     request_path uri
        http_version            protocol
        status                  response_code status code
        request_bytes           bytes_received
        response_bytes          bytes_sent
        duration:ms             duration duration_ms
        user_agent              user_agent user-agent
        referer                 referer
        event_id                request_id x_request_id x-request-id
        host                    authority :authority host requested_server_name
        peer_ip                 downstream_direct_remote_address downstream_remote_address
        peer_ip                 downstream_remote_address_without_port client_ip
        header:x-forwarded-for  x_forwarded_for x-forwarded-for forwarded_for
        """
    ),
    required=(("url",), ("status",)),
)

KONG = JsonMapping(
    "kong",
    fields(
        """
        ts              started_at
        url             request.uri request.url upstream_uri
        user_id         consumer.username consumer.custom_id authenticated_entity.consumer_id
        user_id         consumer.id
        event_id        request.id
        method          request.method
        parameters      request.querystring
        request_bytes   request.size
        status          response.status
        response_bytes  response.size
        duration:ms     latencies.request
        peer_ip         client_ip
        credential_id   authenticated_entity.id
        request_body    request.body
        response_body   response.body
        headers         request.headers
        """
    ),
    required=(("url",), ("status",)),
)
