"""One sentence and one line of each JSON format, for ``apisentinel formats`` and the tests."""

TITLES = {
    "ndjson": "API Sentinel's own request format, one object a line",
    "nginx-json": "nginx log_format with escape=json and the names of nginx variables as keys",
    "caddy": "Caddy access log (JSON encoder)",
    "traefik-json": "Traefik access log, format json",
    "envoy-json": "Envoy and Istio access log with json_format and the usual keys",
    "kong": "Kong file-log, http-log and similar plugins",
    "apigateway": "AWS API Gateway access log, a JSON object of $context variables",
    "gcp": "Google Cloud LogEntry with httpRequest (load balancer, API Gateway, Cloud Run)",
    "azure": "Azure Application Gateway, Front Door and API Management logs",
    "cloudfront-json": "AWS CloudFront standard log v2 as JSON",
    "cloudflare": "Cloudflare Logpush HTTP requests",
    "aws-waf": "AWS WAF log",
    "modsecurity": "ModSecurity and Coraza audit log, SecAuditLogFormat JSON",
    "har": "HTTP Archive entries",
    "ecs": "Elastic Common Schema documents, nested or with dotted keys",
    "otel": "OpenTelemetry HTTP attributes, old and new names",
    "app-json": "application logs with the usual names (Rails, GitLab, pino, Echo, Gin and others)",
}

SAMPLES = {
    "ndjson": (
        '{"ts":"2024-10-10T13:55:36Z","method":"GET","url":"https://shop.example/cart?id=7",'
        '"status":200,"peer_ip":"203.0.113.7","headers":{"User-Agent":"curl/8.5.0"}}'
    ),
    "nginx-json": (
        '{"time_iso8601":"2024-10-10T13:55:36+00:00","remote_addr":"203.0.113.7",'
        '"request_method":"GET","request_uri":"/cart?id=7","status":200,"body_bytes_sent":2326,'
        '"request_time":0.012,"http_user_agent":"curl/8.5.0","http_host":"shop.example"}'
    ),
    "caddy": (
        '{"level":"info","ts":1728568536.123,"logger":"http.log.access",'
        '"msg":"handled request","request":{"remote_ip":"203.0.113.7","remote_port":"40112",'
        '"client_ip":"203.0.113.7","proto":"HTTP/2.0","method":"GET","host":"shop.example",'
        '"uri":"/cart?id=7","headers":{"User-Agent":["curl/8.5.0"],"Accept":["*/*"]}},'
        '"bytes_read":0,"user_id":"","duration":0.000929,"size":2326,"status":200}'
    ),
    "traefik-json": (
        '{"ClientAddr":"203.0.113.7:40112","ClientHost":"203.0.113.7","ClientUsername":"-",'
        '"DownstreamContentSize":2326,"DownstreamStatus":200,"Duration":929000,'
        '"RequestHost":"shop.example","RequestMethod":"GET","RequestPath":"/cart?id=7",'
        '"RequestProtocol":"HTTP/1.1","RequestScheme":"https",'
        '"StartUTC":"2024-10-10T13:55:36.123456789Z","request_User-Agent":"curl/8.5.0",'
        '"level":"info","msg":"","time":"2024-10-10T13:55:36Z"}'
    ),
    "envoy-json": (
        '{"start_time":"2024-10-10T13:55:36.123Z","method":"GET","path":"/cart?id=7",'
        '"protocol":"HTTP/1.1","response_code":200,"response_flags":"-","bytes_received":0,'
        '"bytes_sent":2326,"duration":12,"x_forwarded_for":"203.0.113.7",'
        '"user_agent":"curl/8.5.0","request_id":"7c2f0a7e-8d3c-4a9f-b9c5-0b2f4c1d9e11",'
        '"authority":"shop.example","downstream_remote_address":"203.0.113.7:40112"}'
    ),
    "kong": (
        '{"request":{"method":"GET","uri":"/cart?id=7",'
        '"url":"https://shop.example:8443/cart?id=7","size":120,"querystring":{"id":"7"},'
        '"headers":{"host":"shop.example","user-agent":"curl/8.5.0"}},"response":{"status":200,'
        '"size":2326,"headers":{"content-type":"application/json"}},"latencies":{"kong":3,'
        '"proxy":9,"request":12},"client_ip":"203.0.113.7","started_at":1728568536123,'
        '"consumer":{"username":"alice"}}'
    ),
    "apigateway": (
        '{"requestId":"c6af9ac6-7b61-11e6-9a41-93e8deadbeef","ip":"203.0.113.7","caller":"-",'
        '"user":"-","requestTime":"10/Oct/2024:13:55:36 +0000","httpMethod":"GET",'
        '"resourcePath":"/cart","path":"/prod/cart","status":"200","protocol":"HTTP/1.1",'
        '"responseLength":"2326","responseLatency":"12","userAgent":"curl/8.5.0"}'
    ),
    "gcp": (
        '{"insertId":"1x2y3z","timestamp":"2024-10-10T13:55:36.123Z",'
        '"httpRequest":{"requestMethod":"GET","requestUrl":"https://shop.example/cart?id=7",'
        '"requestSize":"120","status":200,"responseSize":"2326","userAgent":"curl/8.5.0",'
        '"remoteIp":"203.0.113.7","latency":"0.012s"}}'
    ),
    "azure": (
        '{"time":"2024-10-10T13:55:36Z","category":"ApplicationGatewayAccessLog",'
        '"properties":{"clientIP":"203.0.113.7","httpMethod":"GET","requestUri":"/cart",'
        '"requestQuery":"SERVER-ROUTED=10.0.0.4","originalRequestUriWithArgs":"/cart?id=7",'
        '"userAgent":"curl/8.5.0","httpStatus":200,"httpVersion":"HTTP/1.1",'
        '"receivedBytes":120,"sentBytes":2326,"timeTaken":0.012,"originalHost":"shop.example"}}'
    ),
    "cloudfront-json": (
        '{"date":"2024-10-10","time":"13:55:36","c-ip":"203.0.113.7","cs-method":"GET",'
        '"cs(Host)":"d111.cloudfront.example","cs-uri-stem":"/cart","cs-uri-query":"id=7",'
        '"sc-status":"200","sc-bytes":"2326","time-taken":"0.012",'
        '"cs(User-Agent)":"curl/8.5.0%20test","cs(Referer)":"-","x-edge-request-id":"abc==",'
        '"cs-protocol":"https","cs-protocol-version":"HTTP/2.0","x-host-header":"shop.example"}'
    ),
    "cloudflare": (
        '{"EdgeStartTimestamp":"2024-10-10T13:55:36Z","RayID":"8d0b1c2d3e4f5a6b",'
        '"ClientIP":"203.0.113.7","ClientRequestMethod":"GET","ClientRequestURI":"/cart?id=7",'
        '"ClientRequestHost":"shop.example","ClientRequestProtocol":"HTTP/2",'
        '"ClientRequestUserAgent":"curl/8.5.0","EdgeResponseStatus":200,'
        '"EdgeResponseBytes":2326}'
    ),
    "aws-waf": (
        '{"timestamp":1728568536123,"action":"ALLOW","httpRequest":{"clientIp":"203.0.113.7",'
        '"country":"DE","headers":[{"name":"Host","value":"shop.example"},{"name":"User-Agent",'
        '"value":"curl/8.5.0"}],"uri":"/cart","args":"id=7","httpVersion":"HTTP/1.1",'
        '"httpMethod":"GET","requestId":"r1"}}'
    ),
    "modsecurity": (
        '{"transaction":{"client_ip":"203.0.113.7","time_stamp":"Thu Oct 10 13:55:36 2024",'
        '"unique_id":"172856853612","request":{"method":"POST","http_version":1.1,'
        '"uri":"/cart?id=7","body":"item=7","headers":{"Host":"shop.example",'
        '"User-Agent":"curl/8.5.0"}},"response":{"http_code":200,"headers":{}},"messages":[]}}'
    ),
    "har": (
        '{"startedDateTime":"2024-10-10T13:55:36.123Z","time":12.5,"request":{"method":"POST",'
        '"url":"https://shop.example/cart?id=7","httpVersion":"HTTP/1.1",'
        '"headers":[{"name":"User-Agent","value":"curl/8.5.0"}],"queryString":[{"name":"id",'
        '"value":"7"}],"postData":{"mimeType":"text/plain","text":"item=7"},"bodySize":6},'
        '"response":{"status":200,"headers":[],"content":{"size":2,"text":"b2s=",'
        '"encoding":"base64"},"bodySize":2}}'
    ),
    "ecs": (
        '{"@timestamp":"2024-10-10T13:55:36.123Z","http":{"request":{"method":"GET",'
        '"referrer":"https://shop.example/"},"response":{"status_code":200,'
        '"body":{"bytes":2326}},"version":"1.1"},"url":{"original":"/cart?id=7",'
        '"domain":"shop.example"},"source":{"ip":"203.0.113.7"},'
        '"user_agent":{"original":"curl/8.5.0"},"event":{"duration":12000000}}'
    ),
    "otel": (
        '{"timestamp":"2024-10-10T13:55:36Z","attributes":{"http.request.method":"GET",'
        '"url.path":"/cart","url.query":"id=7","http.response.status_code":200,'
        '"client.address":"203.0.113.7","user_agent.original":"curl/8.5.0",'
        '"server.address":"shop.example"},"span_id":"eee19b7ec3c1b174"}'
    ),
    "app-json": (
        '{"time":"2024-10-10T13:55:36.123Z","severity":"INFO","method":"GET","path":"/cart",'
        '"params":[{"key":"id","value":"7"}],"remote_ip":"203.0.113.7","status":200,'
        '"duration_s":0.012,"ua":"curl/8.5.0","username":"alice","host":"shop.example"}'
    ),
}
