#!/usr/bin/env bash
# nginx's `map` tries no regular expression on an empty value, not even one that matches the empty text.
#
# Seen with nginx 1.22.1 (Debian 12). The page of ngx_http_map_module says that `default` holds "if the source value
# matches none of the specified variants"; here the pattern ^[a-z]*\z would match the empty value, and `default` holds
# all the same. In ngx_http_map_find the patterns are tried only `if (len && map->nregex)`. A map that is a guard
# (default: refuse) then refuses requests without the header; one that lists what is refused lets them pass.
# Way out: name the empty text as a key of its own, or put a constant beside the variable.
#
# Downloads Debian's package into a temporary folder and runs it there. Fails when the behaviour changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "${pid:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
apt-get download nginx >/dev/null
dpkg-deb -x nginx_*.deb .
printf '%s\n' 'daemon off; master_process off; pid n.pid; error_log stderr crit; events {}' \
  'http { access_log off; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;' \
  'map $http_x_test $by_pattern { "~^[a-z]*\z" matched; default missed; }' \
  'map $http_x_test $by_key { "" matched; default missed; }' \
  'map "$http_x_test|" $beside_a_constant { "~^[a-z]*\|\z" matched; default missed; }' \
  'server { listen 127.0.0.1:18471; location / { return 200 "$by_pattern $by_key $beside_a_constant\n"; } } }' > n.conf
usr/sbin/nginx -v
usr/sbin/nginx -p "$folder" -c n.conf &
pid=$!
for _ in $(seq 50); do curl -s -o /dev/null http://127.0.0.1:18471/ && break; sleep 0.1; done
without=$(curl -s http://127.0.0.1:18471/)
with=$(curl -s -H 'X-Test: abc' http://127.0.0.1:18471/)
echo "without the header: $without"
echo "with the header:    $with"
[ "$without" = "missed matched matched" ] && [ "$with" = "matched missed matched" ]
