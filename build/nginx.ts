export interface NginxOptions {
  /** Name by which callers know it. */
  readonly serverName: string
  /** The platform: `http://127.0.0.1:8080`. */
  readonly upstream: string
  readonly listen: string
  readonly tls?: { readonly certificate: string; readonly key: string }
}

/** Seconds: the longest request of a function (600), and what the gateway gives beyond it. */
const TIMEOUT = 620
/** As ingest's route has it. */
const MOST_BODY = '5g'

/** A server of nginx in front of the platform, to stand in its `http {}` (conf.d): large bodies and progress are passed on as they come. */
export function nginxConfiguration({ serverName, upstream, listen, tls }: NginxOptions): string {
  const secure = tls
    ? `
  ssl_certificate ${quoted(tls.certificate)};
  ssl_certificate_key ${quoted(tls.key)};
  ssl_protocols TLSv1.2 TLSv1.3;`
    : ''
  const address = new URL(upstream)
  return `# Written by mezz nginx.
upstream mezz {
  server ${address.host};
  keepalive 64;
}

server {
  listen ${listen}${tls ? ' ssl' : ''};
  server_name ${serverName};${secure}

  client_max_body_size ${MOST_BODY};
  client_body_timeout ${TIMEOUT}s;
  large_client_header_buffers 4 16k;

  location / {
    proxy_pass ${address.protocol}//mezz;
    proxy_http_version 1.1;
    proxy_set_header Connection "";

    # Which pages may call is judged by the name that the browser asked for.
    proxy_set_header Host $http_host;
    # By these the platform knows that nobody here is the developer of its machine: leave them.
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host $http_host;
    proxy_set_header Forwarded "";

    # A body goes on as it comes, and so do the lines of a progress stream.
    proxy_request_buffering off;
    proxy_buffering off;
    proxy_cache off;

    proxy_connect_timeout 5s;
    proxy_send_timeout ${TIMEOUT}s;
    proxy_read_timeout ${TIMEOUT}s;
    send_timeout ${TIMEOUT}s;

    # Whether a request that was sent may be sent again, its caller knows alone.
    proxy_next_upstream off;
  }
}
`
}

function quoted(path: string): string {
  return `"${path.replaceAll(/["\\]/g, '\\$&')}"`
}
