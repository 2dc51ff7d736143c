package cache_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"repro/cache"
)

// emptyHash is what sha256sum prints for no input.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

func TestDigestIsSHA256AndSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":    emptyHash + "/0",
		"abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad/3",
	} {
		fromReader, err := cache.OfReader(iotest.OneByteReader(strings.NewReader(text)))
		if err != nil {
			t.Fatal(err)
		}
		for how, got := range map[string]cache.Digest{"Of": cache.Of([]byte(text)), "OfReader": fromReader} {
			if got.String() != want {
				t.Errorf("%s(%q) = %s, want %s", how, text, got, want)
			}
			if parsed, err := cache.ParseDigest(want); err != nil || parsed != got {
				t.Errorf("ParseDigest(%q) = %s, %v", want, parsed, err)
			}
		}
	}
	broken := errors.New("broken")
	if _, err := cache.OfReader(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("OfReader of a broken reader: %v", err)
	}
}

func TestZeroDigestNamesNothing(t *testing.T) {
	t.Parallel()
	if !(cache.Digest{}).IsZero() || cache.Of(nil).IsZero() {
		t.Error("the zero digest and the digest of nothing are mixed up")
	}
	type holder struct{ D, E cache.Digest }
	want := holder{E: cache.Of([]byte("e"))}
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got := holder{D: cache.Of([]byte("is overwritten"))}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("through %s (-want +got):\n%s", b, diff)
	}
}

func TestBadDigestIsRefused(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "/", "/0", emptyHash, emptyHash + "/", emptyHash + "/-1", emptyHash + "/-0", emptyHash + "/+1",
		emptyHash + "/01", emptyHash + "/1 ", emptyHash + "/9223372036854775808", emptyHash + "/1/2",
		strings.ToUpper(emptyHash) + "/0", emptyHash[1:] + "/0", "0" + emptyHash + "/0",
		strings.Repeat("g", 64) + "/0", strings.Repeat("ä", 32) + "/0",
	} {
		if d, err := cache.ParseDigest(s); err == nil {
			t.Errorf("ParseDigest(%q) = %v", s, d)
		}
	}
}

func FuzzParseDigest(f *testing.F) {
	f.Add(emptyHash + "/0")
	f.Add(emptyHash + "/-0")
	f.Fuzz(func(t *testing.T, s string) {
		d, err := cache.ParseDigest(s)
		if err == nil && d.String() != s {
			t.Errorf("%q is read as %q", s, d)
		}
	})
}
