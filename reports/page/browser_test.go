package page_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"repro/internal/testkit"
)

// TestInABrowser opens both pages in Chromium, as on a phone, a tablet and a
// desk, in light and dark, with everything unfolded too.
func TestInABrowser(t *testing.T) {
	t.Parallel()
	run, store, judged := withClaim(t)
	dir := t.TempDir()
	pages := map[string]string{"report": write(t, run, store, judged...), "diff": writeDiff(t)}
	b := testkit.NewBrowser(t)
	for name, html := range pages {
		file := filepath.Join(dir, name+".html")
		if err := os.WriteFile(file, []byte(html), 0o644); err != nil {
			t.Fatal(err)
		}
		for _, size := range [][2]int{{390, 844}, {820, 1180}, {1440, 900}} {
			for _, theme := range []string{"light", "dark"} {
				b.Open(file, size[0], size[1], theme)
				at := fmt.Sprintf("%s, %d×%d, %s", name, size[0], size[1], theme)
				if len(b.Requests) != 1 || len(b.Problems) > 0 {
					t.Errorf("%s: requests %v, problems %v", at, b.Requests, b.Problems)
				}
				const wide = "document.scrollingElement.scrollWidth - innerWidth"
				if over := b.Eval(wide); over != 0.0 {
					t.Errorf("%s: it is %v too wide", at, over)
				}
				if over := b.Eval(`document.querySelectorAll("details").forEach(d => d.open = true), ` + wide); over != 0.0 {
					t.Errorf("%s: it is %v too wide when unfolded", at, over)
				}
				if dark := b.Eval(`getComputedStyle(document.documentElement).backgroundColor.match(/\d+/)[0] < 128`); dark != (theme == "dark") {
					t.Errorf("%s: a dark page is %v", at, dark)
				}
				if cut := b.Eval(cutLabels); cut != "" {
					t.Errorf("%s: in pictures, texts are cut or over bars: %v", at, cut)
				}
				if low := b.Eval(contrast); low != "" {
					t.Errorf("%s: too little contrast: %v", at, low)
				}
			}
		}
	}
}

// TestNumbersLeadToTheirStages follows a number to its sources and on to its
// stage, which unfold.
func TestNumbersLeadToTheirStages(t *testing.T) {
	t.Parallel()
	run, store := testkit.Results(t)
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, []byte(write(t, run, store)), 0o644); err != nil {
		t.Fatal(err)
	}
	b := testkit.NewBrowser(t)
	b.Open(file, 1440, 900, "light")
	const seen = `new Promise(done => setTimeout(() => { const r = document.querySelector(":target").getBoundingClientRect(); done(r.height > 0 && r.top >= 0 && r.top < innerHeight) }, 200))`
	for _, click := range []string{`.results td a`, `tr:target ~ tr .stages a, tr:target .stages a`} {
		b.Eval(fmt.Sprintf("document.querySelector(%q).click()", click))
		if b.Eval(seen) != true {
			t.Errorf("after a click on %s its target cannot be seen", click)
		}
	}
}

// cutLabels lists texts that leave their picture, and numbers that touch a bar
// or its interval.
const cutLabels = `(() => {
  const bad = [], apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
  for (const svg of document.querySelectorAll("svg")) {
    const all = svg.getBoundingClientRect(), bars = [...svg.querySelectorAll(".b, .w")].map(e => e.getBoundingClientRect());
    for (const text of svg.querySelectorAll("text")) {
      const box = text.getBoundingClientRect();
      if (box.left < all.left - 1 || box.right > all.right + 1) bad.push(text.textContent + " is cut");
      if (text.matches(".v") && bars.some(bar => !apart(bar, box))) bad.push(text.textContent + " is over a bar");
    }
  }
  return bad.join("\n");
})()`

// contrast lists texts whose contrast with the page is below 4.5 (WCAG AA), but
// those of heat maps, which have colours of their own.
const contrast = `(() => {
  const light = c => { const [r, g, b] = c.match(/[\d.]+/g).map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b };
  const page = light(getComputedStyle(document.documentElement).backgroundColor), low = new Set();
  for (const e of document.querySelectorAll("main *, header *")) {
    if (![...e.childNodes].some(n => n.nodeType == 3 && n.data.trim()) || e.matches("title, desc, .hl, .hd")) continue;
    const style = getComputedStyle(e), text = light(e instanceof SVGElement ? style.fill : style.color);
    if ((Math.max(page, text) + .05) / (Math.min(page, text) + .05) < 4.5) low.add(e.outerHTML.slice(0, 80));
  }
  return [...low].join("\n");
})()`
