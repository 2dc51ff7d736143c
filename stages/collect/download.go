package collect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/go-cleanhttp"
	"github.com/hashicorp/go-retryablehttp"

	"repro/stages"
)

// longestRetryAfter bounds what a server may ask for in Retry-After.
const longestRetryAfter = 5 * time.Minute

// newClient returns a client that repeats requests that get no answer, or one
// of 429 and 5xx. What happens to the body of an answer is download's.
func newClient(opts Options) *retryablehttp.Client {
	c := retryablehttp.NewClient()
	c.HTTPClient = opts.Client
	if c.HTTPClient == nil {
		transport := cleanhttp.DefaultPooledTransport()
		transport.ResponseHeaderTimeout = opts.IdleTimeout
		c.HTTPClient = &http.Client{Transport: transport}
	}
	c.Logger = nil
	c.RetryMax = opts.Retries
	c.RetryWaitMin = opts.RetryWait
	c.RetryWaitMax = 60 * opts.RetryWait
	c.Backoff = func(least, most time.Duration, attempt int, resp *http.Response) time.Duration {
		return min(retryablehttp.DefaultBackoff(least, most, attempt, resp), max(most, longestRetryAfter))
	}
	c.ErrorHandler = retryablehttp.PassthroughErrorHandler
	return c
}

// errBroken marks a download that stopped on the way: another attempt may go on
// from there.
var errBroken = errors.New("the download broke off")

// download is one file on its way.
type download struct {
	client *retryablehttp.Client
	url    *url.URL
	want   sum
	opts   Options
	job    *stages.Job

	part    *partial
	resumed bool // whether part holds bytes of more than one answer
}

// run downloads to the new file dst. What has arrived when it fails stays in
// the partial file, unless its checksum is wrong.
func (d *download) run(ctx context.Context, dst string) (err error) {
	d.part, err = openPartial(d.opts.PartialDir, d.job.Dir, d.want)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.part.Close()) }()
	got, err := d.part.sum(ctx)
	if err != nil {
		return err
	}
	for tries := 0; !d.want.matches(got); tries++ {
		if tries > 0 {
			if !d.resumed || tries > 1 {
				return errors.Join(mismatch(d.url.Redacted(), d.want, got), d.part.discard())
			}
			// The file may have changed between two answers, unseen by the server.
			d.job.Logf("the resumed download has a wrong checksum: once more from the beginning")
			d.resumed = false
			if err := d.part.reset(""); err != nil {
				return err
			}
		}
		if err := d.persist(ctx); err != nil {
			return err
		}
		if got, err = d.part.sum(ctx); err != nil {
			return err
		}
	}
	d.job.Logf("%s: %d bytes", d.url.Redacted(), got.size)
	return d.part.publish(ctx, dst)
}

// persist fills the partial file, going on where an answer broke off until too
// many in a row bring nothing new.
func (d *download) persist(ctx context.Context) error {
	for failures := 0; ; {
		had := d.part.size
		err := d.attempt(ctx)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.Is(err, errBroken):
			return fmt.Errorf("download %s: %w", d.url.Redacted(), err)
		case d.part.size > had:
			failures = 0
		default:
			failures++
		}
		if failures > d.opts.Retries {
			return fmt.Errorf("download %s: gave up after %d attempts in a row without a new byte: %w", d.url.Redacted(), failures, err)
		}
		d.job.Logf("%v; going on at byte %d", err, d.part.size)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(d.client.Backoff(d.client.RetryWaitMin, d.client.RetryWaitMax, failures, nil)):
		}
	}
}

// attempt asks for what is missing and appends what arrives.
func (d *download) attempt(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodGet, d.url.String(), nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept-Encoding", "identity") // the checksum is that of the file as it lies there
	if d.part.size > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", d.part.size))
		if version := d.part.version(); version != "" {
			req.Header.Set("If-Range", version)
		}
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // read to its end, or given up
	if err := d.accept(resp); err != nil {
		return err
	}
	var total int64
	if resp.ContentLength >= 0 {
		total = d.part.size + resp.ContentLength
		if err := d.checkSize(total); err != nil {
			return err
		}
	}
	idle := time.AfterFunc(d.opts.IdleTimeout, func() {
		cancel(fmt.Errorf("nothing came for %v", d.opts.IdleTimeout))
	})
	defer idle.Stop()
	err = d.receive(resp.Body, max(total, d.want.size), func() { idle.Reset(d.opts.IdleTimeout) })
	if errors.Is(err, errBroken) && ctx.Err() != nil {
		return fmt.Errorf("%w: %w", errBroken, context.Cause(ctx))
	}
	return err
}

// accept judges the head of an answer and makes the partial file end where its
// body begins.
func (d *download) accept(resp *http.Response) error {
	switch resp.StatusCode {
	case http.StatusOK: // the whole file, wanted or not
		return d.part.reset(versionOf(resp))
	case http.StatusPartialContent:
		var start int64
		if _, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-", &start); err == nil && start == d.part.size {
			d.resumed = d.resumed || start > 0
			return nil
		}
		return errors.Join(fmt.Errorf("%w: asked for bytes from %d on, the server sent %q", errBroken, d.part.size, resp.Header.Get("Content-Range")), d.part.reset(""))
	case http.StatusRequestedRangeNotSatisfiable: // the file is shorter than what we have
		return errors.Join(fmt.Errorf("%w: the server has no byte %d", errBroken, d.part.size), d.part.reset(""))
	case http.StatusNotFound, http.StatusGone:
		return fmt.Errorf("the server says %q: is the url right? A copy in a mirror folder would do, too", resp.Status)
	}
	if resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests {
		return fmt.Errorf("the server said %q %d times: try again later", resp.Status, d.opts.Retries+1)
	}
	return fmt.Errorf("the server says %q", resp.Status)
}

// checkSize refuses a file of n bytes if that is wrong or too much.
func (d *download) checkSize(n int64) error {
	if d.want.size > 0 && n != d.want.size {
		return fmt.Errorf("%w: the server has a file of %d bytes, size is %d: if the file has changed, set size and sha256 anew", stages.ErrInput, n, d.want.size)
	}
	if d.want.size == 0 && n > d.opts.MaxBytes {
		return fmt.Errorf("%w: more than %d bytes: if that is right, declare its size", stages.ErrInput, d.opts.MaxBytes)
	}
	return nil
}

// limit returns the most bytes that the file may have.
func (d *download) limit() int64 {
	if d.want.size > 0 {
		return d.want.size
	}
	return d.opts.MaxBytes
}

// receive appends body to the partial file; total is 0 if it is not known.
func (d *download) receive(body io.Reader, total int64, alive func()) error {
	buf := make([]byte, 128<<10)
	for {
		n, err := body.Read(buf)
		alive()
		if n > 0 {
			if size := d.part.size + int64(n); size > d.limit() {
				return d.checkSize(size)
			}
			if err := d.part.write(buf[:n]); err != nil {
				return err
			}
			d.job.Progress(d.part.size, total, "B")
		}
		switch {
		case err == io.EOF && d.part.size < d.want.size:
			return fmt.Errorf("%w: it ended after %d of %d bytes", errBroken, d.part.size, d.want.size)
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("%w: %w", errBroken, err)
		}
	}
}

// versionOf returns what If-Range may hold to ask for the same version of the
// file: a strong entity tag, else the date of its last change, else "".
func versionOf(resp *http.Response) string {
	if tag := resp.Header.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		return tag
	}
	return resp.Header.Get("Last-Modified")
}
