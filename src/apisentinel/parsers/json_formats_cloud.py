"""The JSON formats of cloud load balancers, API gateways and content networks."""

from apisentinel.parsers.mapping import JsonMapping, fields

API_GATEWAY = JsonMapping(
    "apigateway",
    fields(
        """
        event_id        requestId extendedRequestId
        peer_ip         ip sourceIp identity.sourceIp identity_sourceIp source_ip
        ts              requestTimeEpoch requestTime timestamp @timestamp
        method          httpMethod method
        url             path requestPath rawPath resourcePath resource_path
        request_line    routeKey
        status          status responseStatus statusCode
        http_version    protocol
        response_bytes  responseLength response_length
        duration:ms     responseLatency response_latency latency
        user_agent      userAgent identity.userAgent identity_userAgent user_agent
        user_id         authorizer.claims.sub claims_sub authorizer.principalId principalId userId
        user_id         user
        user_id         caller
        credential_id   apiKeyId identity.apiKeyId apiKey
        host            domainName domain
        """
    ),
    required=(("url", "request_line"), ("status", "method", "request_line")),
)

GCP = JsonMapping(
    "gcp",
    fields(
        """
        ts              timestamp receiveTimestamp
        event_id        insertId
        method          httpRequest.requestMethod
        url             httpRequest.requestUrl
        request_bytes   httpRequest.requestSize
        status          httpRequest.status
        response_bytes  httpRequest.responseSize
        user_agent      httpRequest.userAgent
        peer_ip         httpRequest.remoteIp
        duration:s      httpRequest.latency
        referer         httpRequest.referer
        http_version    httpRequest.protocol
        """
    ),
    required=(("url",),),
)

AZURE = JsonMapping(
    "azure",
    fields(
        """
        ts              time timeStamp TimeGenerated timestamp
        peer_ip         clientIP clientIp ClientIp callerIpAddress CallerIpAddress ClientIP
        peer_ip         socketIp
        method          httpMethod HttpMethod method Method
        url             originalRequestUriWithArgs OriginalRequestUriWithArgs requestUri
        url             RequestUri url
        url             Url
        query           requestQuery RequestQuery
        status          httpStatus HttpStatus httpStatusCode HttpStatusCode responseCode
        status          ResponseCode
        http_version    httpVersion HttpVersion clientProtocol ClientProtocol
        host            originalHost OriginalHost host Host hostName
        user_agent      userAgent UserAgent
        referer         referer Referer referrer
        request_bytes   receivedBytes ReceivedBytes requestSize RequestSize requestBytes
        request_bytes   RequestBytes
        response_bytes  sentBytes SentBytes responseSize ResponseSize responseBytes ResponseBytes
        duration:s      timeTaken TimeTaken
        duration:ms     totalTime TotalTime durationMs DurationMs
        event_id        transactionId TransactionId trackingReference TrackingReference
        event_id        correlationId
        event_id        CorrelationId
        user_id         userId UserId
        credential_id   apimSubscriptionId ApimSubscriptionId
        headers         requestHeaders RequestHeaders
        request_body    requestBody RequestBody
        response_body   responseBody ResponseBody
        """,
        prefixes=("properties.", ""),
    ),
    required=(("url",), ("status", "method")),
)

CLOUDFRONT = JsonMapping(
    "cloudfront-json",
    fields(
        """
        ts                      timestamp(ms) timestamp
        date                    date
        clock                   time
        peer_ip                 c-ip
        method                  cs-method
        host                    x-host-header cs(Host)
        url                     cs-uri-stem
        query                   cs-uri-query
        status                  sc-status
        response_bytes          sc-bytes
        request_bytes           cs-bytes
        duration:s              time-taken
        user_agent:percent      cs(User-Agent) cs-user-agent
        referer:percent         cs(Referer) cs-referer
        header:cookie           cs(Cookie) cs-cookie
        header:x-forwarded-for  x-forwarded-for
        event_id                x-edge-request-id
        scheme                  cs-protocol
        http_version            cs-protocol-version
        """
    ),
    required=(("url",), ("status",)),
)

CLOUDFLARE = JsonMapping(
    "cloudflare",
    fields(
        """
        ts                       EdgeStartTimestamp Datetime
        event_id                 RayID
        peer_ip                  ClientIP
        method                   ClientRequestMethod
        url                      ClientRequestURI ClientRequestPath
        host                     ClientRequestHost
        scheme                   ClientRequestScheme
        http_version             ClientRequestProtocol
        user_agent               ClientRequestUserAgent
        referer                  ClientRequestReferer
        request_bytes            ClientRequestBytes
        status                   EdgeResponseStatus OriginResponseStatus
        response_bytes           EdgeResponseBytes
        tls_ja4                  JA4
        header:x-requested-with  ClientXRequestedWith
        headers                  RequestHeaders
        """
    ),
    required=(("url",),),
)

AWS_WAF = JsonMapping(
    "aws-waf",
    fields(
        """
        ts            timestamp
        peer_ip       httpRequest.clientIp
        headers       httpRequest.headers
        path          httpRequest.uri
        query         httpRequest.args
        http_version  httpRequest.httpVersion
        method        httpRequest.httpMethod
        event_id      httpRequest.requestId
        host          httpRequest.host
        scheme        httpRequest.scheme
        tls_ja4       ja4Fingerprint
        status        responseCodeSent
        """
    ),
    required=(("path",),),
)
