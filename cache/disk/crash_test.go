package disk_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"repro/cache"
	"repro/cache/cachetest"
	"repro/cache/disk"
)

// childVariable tells the test binary to be a child process of a test.
const childVariable = "REPRO_DISK_TEST_CHILD"

func TestMain(m *testing.M) {
	var err error
	switch role := os.Getenv(childVariable); role {
	case "":
		os.Exit(m.Run())
	case "hold":
		err = hold(os.Args[1])
	case "write":
		err = writeForever(os.Args[1], os.Args[2])
	case "remove":
		err = removeMost(os.Args[1])
	default:
		err = fmt.Errorf("unknown child %q", role)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// hold opens the store, says so, and keeps it until it is killed.
func hold(dir string) error {
	if _, err := disk.Open(dir, disk.Options{}); err != nil {
		return err
	}
	fmt.Println("open")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// writeForever records results from the given number on, and prints each
// number once its result has been synced.
func writeForever(dir, first string) error {
	ctx := context.Background()
	s, err := disk.Open(dir, disk.Options{})
	if err != nil {
		return err
	}
	work, err := s.WorkDir()
	if err != nil {
		return err
	}
	i, err := strconv.Atoi(first)
	if err != nil {
		return err
	}
	for ; ; i++ {
		blobs := crashBlobs(i)
		r := &cache.Result{Outputs: map[string]cache.Artifact{}}
		for port, b := range blobs {
			r.Outputs[port] = cache.Artifact{Digest: cache.Of(b)}
		}
		if _, err := cache.PutBytes(ctx, s, blobs["small"]); err != nil {
			return err
		}
		if _, err := cache.PutBytes(ctx, s, blobs["large"]); err != nil {
			return err
		}
		file := filepath.Join(work, "file")
		if err := os.WriteFile(file, blobs["moved"], 0o644); err != nil {
			return err
		}
		if _, err := s.Import(ctx, file); err != nil {
			return err
		}
		if err := s.Record(ctx, crashKey(i), r); err != nil {
			return err
		}
		if i%8 == 0 {
			if err := s.Sync(ctx); err != nil {
				return err
			}
			fmt.Println(i)
		}
	}
}

func crashKey(i int) cache.Digest { return cache.Of(fmt.Append(nil, "action", i)) }

func crashBlobs(i int) map[string][]byte {
	seed := uint64(i)
	return map[string][]byte{
		"small": cachetest.Bytes(100+i%5000, seed),
		"large": cachetest.Bytes(17<<10+i%5000, seed),
		"moved": cachetest.Bytes(50<<10+i%5000, seed),
	}
}

func TestKilledWriterLeavesNoBadResult(t *testing.T) {
	t.Parallel()
	const kills = 20
	dir := t.TempDir()
	next, synced, found := 0, -1, 0
	for round := range kills {
		child := startChild(t, "write", dir, fmt.Sprint(next))
		// At a random moment after a random number of syncs.
		for range 1 + rand.IntN(3) {
			n, err := strconv.Atoi(child.line())
			if err != nil {
				t.Fatalf("round %d: %v; the child says: %s", round, err, child.stderr.String())
			}
			synced = n
		}
		time.Sleep(rand.N(60 * time.Millisecond))
		child.kill()

		s, err := disk.Open(dir, disk.Options{Warn: func(m string) { t.Log(m) }})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		for found = 0; ; found++ {
			r, err := s.Lookup(t.Context(), crashKey(found))
			if errors.Is(err, cache.ErrMiss) && found > synced {
				break
			}
			if err != nil {
				t.Fatalf("round %d: result %d of %d synced: %v", round, found, synced, err)
			}
			if ok, err := cache.Complete(t.Context(), s, r); err != nil || !ok {
				t.Fatalf("round %d: result %d is not complete: %v", round, found, err)
			}
			if found < next {
				continue // read in an earlier round
			}
			for port, want := range crashBlobs(found) {
				got, err := cache.ReadBlob(t.Context(), s, r.Outputs[port].Digest)
				if err != nil || !bytes.Equal(got, want) {
					t.Fatalf("round %d: result %d: %s: %v", round, found, port, err)
				}
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		next = found
	}
	if found == 0 {
		t.Error("no result survived")
	}
	t.Logf("%d results survived %d kills", found, kills)
}

func TestBlobFileWithoutRowIsNotTrusted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	want := cachetest.Bytes(100<<10, 1)
	d := cache.Of(want)
	file := filepath.Join(dir, "blobs", d.Hex()[:2], d.Hex())
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	// What a power failure may leave: the right size, the wrong bytes.
	if err := os.WriteFile(file, make([]byte, len(want)), 0o444); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, disk.Options{})
	if missing, err := s.Missing(t.Context(), []cache.Digest{d}); err != nil || len(missing) != 1 {
		t.Errorf("missing: %v, %v; want the blob", missing, err)
	}
	if _, err := s.Open(t.Context(), d); !errors.Is(err, cache.ErrMiss) {
		t.Errorf("open: %v, want ErrMiss", err)
	}
	if _, err := cache.PutBytes(t.Context(), s, want); err != nil {
		t.Fatal(err)
	}
	if got, err := cache.ReadBlob(t.Context(), s, d); err != nil || !bytes.Equal(got, want) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
}

func TestLogThatWasBarelyBegunIsNoHindrance(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, disk.Options{})
	d, err := cache.PutBytes(t.Context(), s, []byte("blob"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// A process that is killed between making a log and giving it its size.
	for _, name := range []string{"00099.mem", "000099.vlog"} {
		if err := os.WriteFile(filepath.Join(dir, "index", name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s = open(t, dir, disk.Options{})
	if got, err := cache.ReadBlob(t.Context(), s, d); err != nil || string(got) != "blob" {
		t.Errorf("read %q, %v", got, err)
	}
}

// child is this test binary in a role of TestMain.
type child struct {
	t      *testing.T
	cmd    *exec.Cmd
	out    *bufio.Scanner
	stderr bytes.Buffer
}

func startChild(t *testing.T, role string, args ...string) *child {
	t.Helper()
	c := &child{t: t, cmd: exec.Command(os.Args[0], args...)}
	c.cmd.Env = append(os.Environ(), childVariable+"="+role)
	c.cmd.Stderr = &c.stderr
	stdin, err := c.cmd.StdinPipe() // ends with this process, and so does a child that holds
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.out = bufio.NewScanner(stdout)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.kill()
		stdin.Close() //nolint:errcheck // the child is gone
	})
	return c
}

// line returns the next line that the child prints.
func (c *child) line() string {
	c.t.Helper()
	if !c.out.Scan() {
		c.kill()
		c.t.Fatalf("child ended: %v: %s", c.out.Err(), c.stderr.String())
	}
	return c.out.Text()
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// kill ends the child as kill -9 does and waits until it is gone.
func (c *child) kill() {
	_ = c.cmd.Process.Kill() // it may be gone already
	_ = c.cmd.Wait()         // says that it was killed
}
