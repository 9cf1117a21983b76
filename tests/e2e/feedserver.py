#!/usr/bin/env python3
"""feedserver.py DIR - a loopback server for guard-feeds.bats: files of DIR with ETag and Last-Modified,
DIR/NAME.pages/N.json as TAXII pages, /crowdsec with a key, /long, /slow, /moved, /fail. Its port goes
into DIR/port, each request (method, path, conditional headers, answer) into DIR/log."""
import hashlib
import http.server
import os
import sys
import time
import urllib.parse

root = sys.argv[1]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def reply(self, status, body=b"", **headers):
        with open(os.path.join(root, "log"), "a") as f:
            f.write("%d %s %s %s\n" % (status, self.path, self.headers.get("If-None-Match", "-"),
                                       self.headers.get("Accept", "-")))
        self.send_response(status)
        for k, v in headers.items():
            self.send_header(k.replace("_", "-"), v)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def read(self, name):
        with open(os.path.join(root, name), "rb") as f:
            return f.read()

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        name = url.path.lstrip("/")
        if name == "moved":
            return self.reply(302, Location="/plain")
        if name == "fail":
            return self.reply(500)
        if name == "long":
            return self.reply(200, b"192.0.2.1\n" * 100000)
        if name == "slow":
            time.sleep(30)
            return self.reply(200, b"192.0.2.1\n")
        if name == "taxii2/":
            return self.reply(200, self.read("discovery.json"), Content_Type="application/taxii+json;version=2.1")
        if name == "api1/collections/":
            return self.reply(200, self.read("collections.json"))
        if name.startswith("api1/collections/") and name.endswith("/objects/"):
            if "version=2.1" not in self.headers.get("Accept", ""):
                return self.reply(406)
            page = "page%s.json" % (query.get("next") or "0")
            if query.get("added_after", "") >= "2026-11-21":
                page = "later.json"
            return self.reply(200, self.read(page), X_TAXII_Date_Added_Last="2026-11-21T00:00:00Z")
        if name == "crowdsec":
            if self.headers.get("X-Api-Key") != "secret":
                return self.reply(403)
            return self.reply(200, self.read("startup.json" if query.get("startup") == "true" else "delta.json"))
        try:
            body = self.read(os.path.basename(name))
        except OSError:
            return self.reply(404)
        tag = '"%s"' % hashlib.sha256(body).hexdigest()[:16]
        if self.headers.get("If-None-Match") == tag:
            return self.reply(304, ETag=tag)
        return self.reply(200, body, ETag=tag, Last_Modified="Sun, 22 Nov 2026 18:00:00 GMT")


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
with open(os.path.join(root, "port.tmp"), "w") as f:
    f.write(str(server.server_port))
os.rename(os.path.join(root, "port.tmp"), os.path.join(root, "port"))
server.serve_forever()
