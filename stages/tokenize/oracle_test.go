package tokenize_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"repro/internal/testkit"
	"repro/stages/tokenize"
)

// nasty returns strings that have gone wrong in some tokenizer.
func nasty() []string {
	return []string{
		"", " ", "  \t\n ", "a", " a", "a ", "  two  spaces   and more ", "tab\tnew\nline\r\nand\rmore",
		"Ｆｕｌｌ－ｗｉｄｔｈ　ｔｅｘｔ，１２３！", "ﬁ ligature ﬃ ½ ² ㎏ ① Ⅷ ㍿ ﷺ", "ｶﾞｷﾞｸﾞ ﾊﾟ",
		"👩‍👩‍👧‍👦 family 🤦🏽‍♂️ 🏳️‍🌈 🇩🇪🇫🇷", "e\u0301 cafe\u0301 A\u030a o\u0308\u0304", "Ｅ\u0301 １\u0301 ％\u0301",
		"zalgo ḩ̷̛̛̮͔̲̤̰̟̯̈́̈́̊̓̍͊͝e̵̡̛̩͙̘͌ ", strings.Repeat("e\u0301\u0323", 40),
		"nbsp\u00a0here\u00a0\u00a0twice\u2003em\u200bzero\u200cwidth\u200djoiner\ufeffbom\u2060",
		"line\u2028sep\u2029para\u0085nel\u000bvt\u000cff", "soft\u00adhyphen \u200erlm\u200f \u202ebidi\u202c",
		"control \x01\x02\x1b[31m\x7f nul \x00 end", "private \ue000 \U000f0000 unassigned \u0378 \U0001faff noncharacter \uffff",
		"\ufffd replacement \ufffd\ufffd", "ΟΔΥΣΣΕΥΣ και ΣΊΣΥΦΟΣ.", "İstanbul ISPARTA ıI ŞĞÜ", "straße STRASSE ẞ ŉ ǰ",
		"Tiếng Việt có dấu: ệ ữ ặ", "ภาษาไทยไม่มีช่องว่างระหว่างคำ กำ น้ำ", "हिन्दी में क्ष त्र ज्ञ क्\u200dष", "العَرَبِيَّةُ ١٢٣ ﻻ ﷲ",
		"中文，没有空格。日本語テスト 한국어 각 \u1100\u1161\u11a8", "𠀀𠮷 \U0002b820\U0002b91f\U0002b920 𝕳𝖊𝖑𝖑𝖔 𝟙𝟚",
		"http://example.com/a?b=c&d=%20#frag user@example.com C++ #!/bin/sh --- ... ''\"\"", "…—–‘’“”«»¿¡§¶", "$ + < = > ^ ` | ~ € £",
		"▁ ▁▁ a▁b ▁c", "##ing #ing [X] <0x0A> <unknown>", "word" + strings.Repeat("x", 96), "word" + strings.Repeat("x", 97),
		strings.Repeat("é", 100) + " " + strings.Repeat("é", 101), strings.Repeat("x", 10_000), strings.Repeat("ab中ﬁ", 2_500),
		"bad \xff\xfe utf8 \xc3 \xe2\x82 \xf0\x9f\x98 \xed\xa0\x80 \xc0\xaf end", "\x80\x80", "ok\xc3",
	}
}

// special returns strings with special tokens in them, which SentencePiece
// itself does not know.
func special() []string {
	return []string{
		"<s>", "a <s> b</s>c <mask> d", "the <mask>.", "<mask><mask>", "  <mask>", "<pad><unk><s", "< s >",
		"[CLS] a [SEP]b[MASK] c", "[UNK][PAD][ MASK ]", "[mask] [Mask] [MASKED]",
	}
}

// xquad returns all questions and sentences of XQuAD-R by language.
func xquad(t testing.TB) map[string][]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(testkit.Datasets(t), "xquad-r", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no XQuAD-R", err)
	}
	texts := map[string][]string{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var set struct {
			Data []struct {
				Paragraphs []struct {
					Context string
					Breaks  [][2]int `json:"sentence_breaks"`
					QAs     []struct{ Question string }
				}
			}
		}
		if err := json.Unmarshal(data, &set); err != nil {
			t.Fatal(err)
		}
		lang := strings.TrimSuffix(filepath.Base(file), ".json")
		for _, article := range set.Data {
			for _, p := range article.Paragraphs {
				context := []rune(p.Context)
				for _, b := range p.Breaks {
					texts[lang] = append(texts[lang], string(context[b[0]:b[1]]))
				}
				for _, qa := range p.QAs {
					texts[lang] = append(texts[lang], qa.Question)
				}
			}
		}
	}
	return texts
}

// python returns a Python that has the module, and skips without one.
func python(t testing.TB, module string) string {
	t.Helper()
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(name, "-c", "import "+module).Run() == nil {
			return name
		}
	}
	t.Skipf("no oracle: no python3 with the module %s (Debian: python3-%s)", module, module)
	return ""
}

// node skips unless Node.js finds Hugging Face's tokenizers.
func node(t testing.TB) {
	t.Helper()
	if out, err := exec.Command("node", "testdata/tokenizers_oracle.js", "check").CombinedOutput(); err != nil {
		t.Skipf("no oracle: Node.js finds no package tokenizers, install it with npm and name its folder in NODE_PATH (%v: %.80q)", err, out)
	}
}

// ask gives texts to an oracle and returns what it prints.
func ask(t testing.TB, texts []string, command ...string) string {
	t.Helper()
	var in bytes.Buffer
	for _, text := range texts {
		fmt.Fprintln(&in, base64.StdEncoding.EncodeToString([]byte(text)))
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stderr = &in, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", command, err)
	}
	return string(out)
}

// askIDs is ask for an oracle that prints a line of ids for each text.
func askIDs(t testing.TB, texts []string, command ...string) [][]int32 {
	t.Helper()
	lines := strings.Split(ask(t, texts, command...), "\n")
	if len(lines) != len(texts)+1 {
		t.Fatalf("%v: %d answers to %d texts", command, len(lines)-1, len(texts))
	}
	all := make([][]int32, len(texts))
	for i := range all {
		for _, s := range strings.Fields(lines[i]) {
			id, err := strconv.Atoi(s)
			if err != nil {
				t.Fatal(err)
			}
			all[i] = append(all[i], int32(id))
		}
	}
	return all
}

// load loads a tokenizer from files, by name.
func load(t testing.TB, files map[string]string) tokenize.Tokenizer {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tok, err := tokenize.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}
