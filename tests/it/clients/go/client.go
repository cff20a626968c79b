// Calls the sidecar as apps in Go do, with net/http.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"time"
)

const ip = "203.0.113.7"

type values map[string]any

// door is a way to the sidecar: where, by which transport, and which HTTP that has to be.
type door struct {
	name, base, proto string
	client            *http.Client
	connections       int
}

func fail(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", arguments...)
	os.Exit(1)
}

// expect makes a call, with text as its body unless that is nil; streamed = of unknown length, with trailers.
func (d *door) expect(wanted int, method, path string, text []byte, streamed bool) values {
	var body io.Reader
	if text != nil {
		body = bytes.NewReader(text)
		if streamed {
			body = io.MultiReader(bytes.NewReader(text[:5]), bytes.NewReader(text[5:]))
		}
	}
	trace := &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
		if !got.Reused {
			d.connections++
		}
	}}
	request, err := http.NewRequestWithContext(httptrace.WithClientTrace(context.Background(), trace), method, d.base+path, body)
	if err != nil {
		fail("%s: %v", d.name, err)
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("KEY"))
	if text != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if streamed {
		request.Trailer = http.Header{"X-Checksum": {"abc"}}
	}
	answer, err := d.client.Do(request)
	if err != nil {
		fail("%s: %s %s: %v", d.name, method, path, err)
	}
	defer answer.Body.Close()
	told, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != wanted || answer.Proto != d.proto {
		fail("%s: %s %s: %s %s %s %v", d.name, method, path, answer.Proto, answer.Status, told, err)
	}
	var read values
	if err := json.Unmarshal(told, &read); err != nil {
		fail("%s: %s %s: %v", d.name, method, path, err)
	}
	return read
}

func (d *door) post(wanted int, path string, value any, streamed bool) values {
	text, err := json.Marshal(value)
	if err != nil {
		fail("%v", err)
	}
	return d.expect(wanted, "POST", path, text, streamed)
}

func (d *door) session() {
	for _, probe := range []string{"/livez", "/readyz"} {
		d.expect(200, "GET", probe, nil, false)
	}
	subject := d.name + "@example.com"
	for _, streamed := range []bool{false, true} {
		sent := d.post(201, "/v1/verifications", values{"subject": subject, "ip": ip}, streamed)
		check := values{"id": sent["id"], "code": sent["code"], "ip": ip}
		if checked := d.post(200, "/v1/verifications/check", check, streamed); checked["valid"] != true {
			fail("%s: %v", d.name, checked)
		}
		d.expect(200, "GET", "/v1/verifications/"+sent["id"].(string), nil, false)
		d.post(200, "/v1/status", values{"subject": subject}, streamed)
	}
	cancel := "/v1/verifications/" + d.post(201, "/v1/verifications", values{"subject": subject, "ip": ip}, false)["id"].(string) + "/cancel"
	d.expect(200, "POST", cancel, nil, false)
	// Bodies that stand for none: what a nil map and an empty one become.
	for _, text := range strings.Fields(os.Getenv("EMPTY")) {
		d.expect(200, "POST", cancel, []byte(text), false)
	}
	if d.connections != 1 {
		fail("%s: %d connections", d.name, d.connections)
	}
	fmt.Printf("%s: done\n", d.name)
}

func main() {
	roots := x509.NewCertPool()
	pem, err := os.ReadFile(os.Getenv("CA"))
	if err != nil || !roots.AppendCertsFromPEM(pem) {
		fail("no authority: %v", err)
	}
	unix := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", os.Getenv("UNIX"))
	}
	timeout := 20 * time.Second
	for _, d := range []*door{
		{name: "go", base: os.Getenv("PLAIN"), proto: "HTTP/1.1", client: &http.Client{Timeout: timeout}},
		{name: "go-unix", base: "http://unix", proto: "HTTP/1.1",
			client: &http.Client{Timeout: timeout, Transport: &http.Transport{DialContext: unix}}},
		{name: "go-http2", base: os.Getenv("SECURE"), proto: "HTTP/2.0",
			client: &http.Client{Timeout: timeout, Transport: &http.Transport{
				TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}}},
	} {
		d.session()
	}
}
