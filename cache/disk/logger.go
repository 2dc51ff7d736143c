package disk

import (
	"fmt"
	"strings"
)

// logger passes on what Badger warns of.
type logger struct {
	warn func(string)
}

func (l logger) Errorf(format string, args ...any) { l.print(format, args) }

func (l logger) Warningf(format string, args ...any) { l.print(format, args) }

func (logger) Infof(string, ...any) {}

func (logger) Debugf(string, ...any) {}

func (l logger) print(format string, args []any) {
	l.warn("index: " + strings.TrimSpace(fmt.Sprintf(format, args...)))
}
