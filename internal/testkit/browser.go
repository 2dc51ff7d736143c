package testkit

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Browser is a headless Chromium with one page, spoken to in the DevTools
// protocol over a pipe (https://chromedevtools.github.io/devtools-protocol).
type Browser struct {
	t       testing.TB
	to      *os.File
	in      *os.File      // what it says comes through
	from    *bufio.Reader // of in
	session string
	last    int

	Patience time.Duration // how long an answer may take
	Requests []string      // addresses of all requests since the last Open, of the page itself too
	Problems []string      // what the console and the log said since then
}

// NewBrowser starts a browser that ends with the test, and skips the test
// where there is none.
func NewBrowser(t testing.TB) *Browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium here: apt-get install chromium")
	}
	theirIn, ourOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ourIn, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
		"--no-first-run", "--remote-debugging-pipe", "--user-data-dir="+t.TempDir(), "about:blank")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}        // descriptors 3 and 4, as the protocol has it
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // with its children, which outlive it
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirIn.Close()  //nolint:errcheck // the browser has its own
	theirOut.Close() //nolint:errcheck // the browser has its own
	b := &Browser{t: t, to: ourOut, in: ourIn, from: bufio.NewReader(ourIn), Patience: time.Minute}
	t.Cleanup(func() { b.end(cmd) })
	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "Network"} {
		b.call(domain+".enable", nil, nil)
	}
	return b
}

// end ends the browser and all of its children: until then they write into its
// folder, which goes with the test.
func (b *Browser) end(cmd *exec.Cmd) {
	b.in.SetReadDeadline(time.Now().Add(min(b.Patience, 10*time.Second))) //nolint:errcheck // a pipe can have one
	b.send("Browser.close", nil, "")
	io.Copy(io.Discard, b.from)                     //nolint:errcheck // to the end: it may have more to say than a pipe holds
	syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) //nolint:errcheck // all are gone already
	cmd.Wait()                                      //nolint:errcheck // how a browser ends does not matter
	// Its children are not ours to wait for. They are gone at once, but for their
	// entries in the table of processes, which may stay a while.
	for end := time.Now().Add(300 * time.Millisecond); syscall.Kill(-cmd.Process.Pid, 0) == nil && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	b.to.Close() //nolint:errcheck // nothing follows
	b.in.Close() //nolint:errcheck // nothing follows
}

// Open loads a file in a window of the given size, in the light or the dark
// theme, and waits until it is there.
func (b *Browser) Open(file string, width, height int, theme string) {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}, nil)
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": theme}}}, nil)
	b.Requests, b.Problems = nil, nil
	var answer struct{ ErrorText string }
	b.call("Page.navigate", map[string]any{"url": (&url.URL{Scheme: "file", Path: filepath.ToSlash(file)}).String()}, &answer)
	if answer.ErrorText != "" {
		b.t.Fatalf("open %s: %s", file, answer.ErrorText)
	}
	for deadline := time.Now().Add(time.Minute); b.Eval("document.readyState + location.protocol") != "completefile:"; {
		if time.Now().After(deadline) {
			b.t.Fatalf("open %s: it does not come to an end", file)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Eval returns what a JavaScript expression comes to, as JSON would have it.
func (b *Browser) Eval(expression string) any {
	b.t.Helper()
	var answer struct {
		Result           struct{ Value any }
		ExceptionDetails json.RawMessage
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &answer)
	if answer.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", expression, answer.ExceptionDetails)
	}
	return answer.Result.Value
}

// Screenshot writes a picture of the page, the whole of it if full is set.
func (b *Browser) Screenshot(file string, full bool) {
	b.t.Helper()
	var answer struct{ Data string }
	b.call("Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": full}, &answer)
	picture, err := base64.StdEncoding.DecodeString(answer.Data)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(file, picture, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// call sends a command and waits for its answer.
func (b *Browser) call(method string, params, to any) {
	b.t.Helper()
	deadline := time.Now().Add(b.Patience)
	b.to.SetWriteDeadline(deadline) //nolint:errcheck // a pipe can have one
	b.in.SetReadDeadline(deadline)  //nolint:errcheck // a pipe can have one
	id := b.send(method, params, b.session)
	for {
		message, err := b.from.ReadBytes(0)
		if err != nil {
			b.t.Fatalf("%s: no answer from the browser: %v", method, err)
		}
		var answer struct {
			ID     int
			Method string
			Params json.RawMessage
			Result json.RawMessage
			Error  *struct{ Message string }
		}
		if err := json.Unmarshal(message[:len(message)-1], &answer); err != nil {
			b.t.Fatal(err)
		}
		if answer.ID != id {
			b.note(answer.Method, answer.Params)
			continue
		}
		if answer.Error != nil {
			b.t.Fatalf("%s: %s", method, answer.Error.Message)
		}
		if to != nil {
			if err := json.Unmarshal(answer.Result, to); err != nil {
				b.t.Fatal(err)
			}
		}
		return
	}
}

func (b *Browser) send(method string, params any, session string) int {
	b.last++
	message := map[string]any{"id": b.last, "method": method}
	if params != nil {
		message["params"] = params
	}
	if session != "" {
		message["sessionId"] = session
	}
	line, err := json.Marshal(message)
	if err == nil {
		_, err = b.to.Write(append(line, 0))
	}
	if err != nil && method != "Browser.close" {
		b.t.Fatalf("%s: %v", method, err)
	}
	return b.last
}

// note keeps what events say about requests and problems.
func (b *Browser) note(method string, params json.RawMessage) {
	switch method {
	case "Network.requestWillBeSent":
		var event struct{ Request struct{ URL string } }
		if err := json.Unmarshal(params, &event); err == nil {
			b.Requests = append(b.Requests, event.Request.URL)
		}
	case "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded":
		b.Problems = append(b.Problems, fmt.Sprintf("%s: %s", method, strings.TrimSpace(string(params))))
	}
}
