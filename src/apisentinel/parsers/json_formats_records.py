"""The JSON formats of audit logs, observability tools and applications."""

from apisentinel.parsers.json_formats import single_headers
from apisentinel.parsers.mapping import JsonMapping, fields

MODSECURITY = JsonMapping(
    "modsecurity",
    fields(
        """
        ts             transaction.unix_timestamp transaction.time_stamp transaction.timestamp
        ts             transaction.time
        event_id       transaction.unique_id transaction.id transaction.transaction_id
        peer_ip        transaction.client_ip transaction.remote_address
        method         transaction.request.method request.method
        url            transaction.request.uri request.uri
        request_line   request.request_line
        http_version   transaction.request.http_version transaction.request.protocol
        http_version   request.http_version
        headers        transaction.request.headers request.headers
        request_body   transaction.request.body request.body
        status         transaction.response.http_code transaction.response.status response.status
        response_body  transaction.response.body response.body
        """
    ),
    required=(("url", "request_line"),),
)

HAR = JsonMapping(
    "har",
    fields(
        """
        ts                 startedDateTime
        duration:ms        time
        method             request.method
        url                request.url
        http_version       request.httpVersion
        headers            request.headers
        request_body       request.postData.text
        request_bytes      request.bodySize
        status             response.status
        response_body      response.content.text
        response_encoding  response.content.encoding
        response_bytes     response.bodySize response.content.size
        peer_ip            clientIPAddress
        """
    ),
    required=(("url",), ("method",)),
)

ECS = JsonMapping(
    "ecs",
    fields(
        """
        ts              @timestamp event.start event.created
        event_id        http.request.id event.id trace.id
        method          http.request.method
        url             url.original url.full url.path
        query           url.query
        host            url.domain destination.domain
        scheme          url.scheme
        http_version    http.version
        status          http.response.status_code
        request_bytes   http.request.bytes http.request.body.bytes
        response_bytes  http.response.bytes http.response.body.bytes
        duration:ns     event.duration
        peer_ip         source.ip source.address client.address
        client_ip       client.ip
        user_id         user.id user.name source.user.name
        session_id      session.id
        user_agent      user_agent.original
        referer         http.request.referrer
        request_body    http.request.body.content
        response_body   http.response.body.content
        headers         http.request.headers
        header::role    user.roles
        """
    ),
    required=(("url",), ("method", "status")),
)

OTEL = JsonMapping(
    "otel",
    fields(
        """
        ts              timestamp @timestamp time startTimeUnixNano start_time startTime
        ts              observed_timestamp
        method          http.request.method http.method
        url             url.full http.target http.url url.path
        query           url.query
        status          http.response.status_code http.status_code
        peer_ip         network.peer.address net.sock.peer.addr net.peer.ip client.address
        peer_ip         http.client_ip source.address
        user_agent      user_agent.original http.user_agent
        host            server.address http.host net.host.name
        scheme          url.scheme http.scheme
        http_version    network.protocol.version http.flavor
        request_bytes   http.request.body.size http.request_content_length
        response_bytes  http.response.body.size http.response_content_length
        user_id         enduser.id user.id
        header::role    enduser.role user.roles
        session_id      session.id
        event_id        span_id spanId trace_id traceId
        """,
        prefixes=("attributes.", ""),
    )
    | single_headers("attributes.http.request.header.")
    | single_headers("http.request.header."),
    required=(("url",), ("method", "status")),
)

APPLICATION = JsonMapping(
    "app-json",
    fields(
        """
        ts              @timestamp timestamp time ts datetime requestTime time_iso8601
        ts              time_local start_time startTime asctime eventTime created_at
        event_id        request_id requestId req.id correlation_id reqId trace_id traceId id
        method          method http_method httpMethod request_method requestMethod verb req.method
        method          request.method
        url             request_uri requestUri original_url originalUrl uri url req.url
        url             request.url
        url             request.uri path request_path requestPath request.path target http_path
        query           query query_string queryString args
        request_line    request request_line
        status          status status_code statusCode http_status httpStatus response_code
        status          responseCode
        status          res.statusCode res.status response.status response.status_code
        status          response.statusCode code
        peer_ip         remote_ip remoteIp remote_addr remoteAddr remoteAddress remote_address
        peer_ip         client_ip
        peer_ip         clientIp clientip client ip ip_address src_ip source_ip sourceIp peer_ip
        peer_ip         req.remoteAddress request.remote_ip request.ip request.remote_addr
        host            host vhost http_host server_name domain request.host authority
        user_agent      user_agent userAgent user-agent http_user_agent useragent ua agent
        user_agent      request.user_agent
        referer         referer referrer http_referer request.referer
        user_id         user_id userId username user remote_user user.id meta.user
        session_id      session_id sessionId session
        http_version    http_version httpVersion protocol proto server_protocol request.proto
        request_bytes   bytes_in request_bytes request_size requestSize request_length
        request_bytes   bytes_received
        response_bytes  bytes_out response_bytes response_size responseSize response_length
        response_bytes  body_bytes_sent bytes_sent bytes size length content_length
        duration:s      latency_human duration_s elapsed_s request_time_s elapsed duration_seconds
        duration:ms     duration_ms durationMs latency_ms latencyMs responseTime response_time_ms
        duration:ms     response_time elapsed_ms took took_ms duration
        duration:us     duration_us latency_us
        duration:ns     latency_ns duration_ns
        parameters      params queryParams query_params queryStringParameters req.query
        parameters      request.query
        headers         headers request_headers requestHeaders req.headers request.headers
        header::role    user.role user.roles user_role userRole
        request_body    request_body requestBody body req.body request.body
        response_body   response_body responseBody res.body response.body
        """
    )
    | single_headers("")
    | single_headers("http_")
    | fields("header:x-forwarded-for xff")
    | fields("header:cookie cookies"),
    required=(("url", "request_line"), ("method", "status", "request_line")),
)

WRAPPER = JsonMapping(
    "wrapped",
    fields(
        """
        request_body  log message MESSAGE line textPayload jsonPayload _raw _source result
        request_body  log_processed
        request_body  msg event raw
        """
    ),
    required=(("request_body",),),
)
"""Objects in which a log shipper or container runtime carries the original line."""
