package translate_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/stages/translate"
)

func entries(translations ...string) map[translate.Key]string {
	all := map[translate.Key]string{}
	for _, text := range translations {
		all[translate.KeyOf(text)] = text
	}
	return all
}

func openMemory(t testing.TB, dir string) *translate.FileMemory {
	t.Helper()
	memory, err := translate.OpenMemory(dir)
	if err != nil {
		t.Fatal(err)
	}
	return memory
}

func TestMemoryKeepsTranslationsByBook(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "folder")
	one := entries("plain", "tab\tnew\nline \"quoted\" \\ é 😀 <&>", "", "\u2028")
	if err := openMemory(t, dir).Put("one", one); err != nil {
		t.Fatal(err)
	}
	if err := openMemory(t, dir).Put("two", entries("other")); err != nil {
		t.Fatal(err)
	}
	wanted := append(slices.Collect(maps.Keys(one)), translate.KeyOf("other"))
	got, err := openMemory(t, dir).Get("one", wanted)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(one, got); diff != "" {
		t.Errorf("book one (-want +got):\n%s", diff)
	}
	if got, err := openMemory(t, dir).Get("three", wanted); len(got) > 0 || err != nil {
		t.Errorf("a book that is not there holds %v, %v", got, err)
	}
	for _, name := range []string{"", ".", "..", "a/b", "../x"} {
		if err := openMemory(t, dir).Put(name, one); err == nil {
			t.Errorf("the book %q was accepted", name)
		}
	}
}

// TestMemorySurvivesTornWrites cuts a file at every byte, as a crash might, and
// goes on writing.
func TestMemorySurvivesTornWrites(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	memory := openMemory(t, dir)
	file := filepath.Join(dir, "book.tsv")
	if err := memory.Put("book", entries("first")); err != nil {
		t.Fatal(err)
	}
	first, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := memory.Put("book", entries("second")); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	wanted := slices.Collect(maps.Keys(entries("first", "second", "third")))
	for cut := len(first); cut < len(whole); cut++ {
		if err := os.WriteFile(file, whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		if err := memory.Put("book", entries("third")); err != nil {
			t.Fatal(err)
		}
		got, err := memory.Get("book", wanted)
		if err != nil {
			t.Fatal(err)
		}
		// The last byte is an end of line, which the next batch supplies.
		want := entries("first", "third")
		if cut == len(whole)-1 {
			want = entries("first", "second", "third")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("cut after %d of %d bytes (-want +got):\n%s", cut, len(whole), diff)
		}
	}
}

func TestMemoryPassesOverDamage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	memory := openMemory(t, dir)
	for _, text := range []string{"first", "second", "third"} {
		if err := memory.Put("book", entries(text)); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "book.tsv")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2]++ // in the key of the second
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := memory.Get("book", slices.Collect(maps.Keys(entries("first", "second", "third"))))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(entries("first", "third"), got); diff != "" {
		t.Errorf("translations (-want +got):\n%s", diff)
	}
}

func TestMemoryIsSharedByConcurrentWriters(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var wg sync.WaitGroup
	want := map[translate.Key]string{}
	for writer := range 8 {
		var texts []string
		for i := range 200 {
			texts = append(texts, fmt.Sprintf("text %d of writer %d", i, writer))
		}
		maps.Copy(want, entries(texts...))
		wg.Go(func() {
			memory := openMemory(t, dir)
			for batch := range slices.Chunk(texts, 20) {
				if err := memory.Put("book", entries(batch...)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	got, err := openMemory(t, dir).Get("book", slices.Collect(maps.Keys(want)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("translations (-want +got):\n%s", diff)
	}
}
