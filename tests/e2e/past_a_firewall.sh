#!/usr/bin/env bash
# The cookbook's full tunnel with its gateway, which translates addresses: the client reaches a web server that its
# own firewall blocks, through the tunnel, and the server sees the gateway's address. IPv4 and IPv6.
#
#   client eth0 172.16.5.2 / fd05::2 ---- lan0 firewall wan0 192.0.2.254 / 2001:db8::fe --+-- the internet
#                                                    gateway wan0 192.0.2.1 / 2001:db8::1 --+   (a switch)
#                                               server wan0 192.0.2.7 / 2001:db8::7 (nginx) --+
source "$(dirname "$0")/lib.sh"
for tool in nginx curl; do command -v $tool >/dev/null || skip "$tool (./dev setup)"; done

host client firewall gateway server internet
ip -n internet link add switch type bridge && ip -n internet link set switch up
for name in firewall gateway server; do
  link internet to-$name $name wan0
  ip -n internet link set to-$name master switch
done
link client eth0 firewall lan0
address client eth0 172.16.5.2/24 fd05::2/64
address firewall lan0 172.16.5.1/24 fd05::1/64
address firewall wan0 192.0.2.254/24 2001:db8::fe/64
address gateway wan0 192.0.2.1/24 2001:db8::1/64
address server wan0 192.0.2.7/24 2001:db8::7/64
ip -n client route add default via 172.16.5.1 && ip -n client -6 route add default via fd05::1
for name in gateway server; do ip -n $name route add default via 192.0.2.254; done
router firewall
on firewall nft 'add table inet home; add chain inet home out { type nat hook postrouting priority 100; }
  add rule inet home out oifname "wan0" masquerade; add chain inet home pass { type filter hook forward priority 0; }'

mkdir "$work/www" && head -c 300000 /dev/urandom >"$work/www/file"
cat >"$work/nginx.conf" <<CONF
user root; daemon off; worker_processes 1; pid $work/nginx.pid; error_log $work/nginx.log;
events { worker_connections 64; }
http {
  log_format who '\$remote_addr \$remote_port'; access_log $work/access.log who; root $work/www;
  client_body_temp_path $work/body; proxy_temp_path $work/proxy; fastcgi_temp_path $work/fastcgi;
  uwsgi_temp_path $work/uwsgi; scgi_temp_path $work/scgi;
  server { listen 80; listen [::]:80; }
}
CONF
spawn server nginx -c "$work/nginx.conf" &
wait_until 10 "the web server" listening server 80
get() { on client curl -sSf --connect-timeout "$patience" "${@:2}" "http://$1/file" -o "$work/got" && cmp "$work/got" "$work/www/file"; }
no_way() { ! on client curl -sSf --connect-timeout 0.5 "http://$1/file" -o /dev/null; }
seen() { tail -n 1 "$work/access.log" | cut -d' ' -f1; }

new_key client gateway
cookbook full-tunnel/client.conf
cookbook full-tunnel/gateway.conf
check "directly, at first" get 192.0.2.7
check_equal "as the firewall" 192.0.2.254 "$(seen)"
on firewall nft 'add rule inet home pass ip daddr 192.0.2.7 drop; add rule inet home pass ip6 daddr 2001:db8::7 drop'
check "blocked by the firewall, IPv4" no_way 192.0.2.7
check "and IPv6" no_way '[2001:db8::7]'

up gateway "$work/gateway.conf"
up client "$work/client.conf"
count client wide 'iifname "client" tcp flags syn tcp option maxseg size > 1380'
check "past the firewall, IPv4" get 192.0.2.7
check_equal "the server sees the gateway" 192.0.2.1 "$(seen)"
check "and IPv6" get '[2001:db8::7]'
check_equal "the server sees the gateway" 2001:db8::1 "$(seen)"
check_equal "segments fit the tunnel" 0 "$(counted client wide)"
check "ping, too" pings client 192.0.2.7
check "over IPv6" pings client 2001:db8::7
spawn gateway socat -u TCP:192.0.2.7:80,sourceport=40000 /dev/null &
wait_until 10 "the gateway's own connection" output_has '192.0.2.1:40000 .*192.0.2.7:80' on gateway ss -Htn state established
check "a port that the gateway uses itself" get 192.0.2.7 --local-port 40000
check_fails "becomes another one" grep -q ' 40000$' <(tail -n 1 "$work/access.log")
down client client
check "down, and the firewall blocks again" no_way 192.0.2.7
down gateway gateway
