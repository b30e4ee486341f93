package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/costate-go/costate/configs"
	"github.com/costate-go/costate/experiments/config"
	"github.com/costate-go/costate/experiments/exit"
)

// resolve turns `[CONFIG] [key=value ...]` into a configuration and says where it came from. CONFIG is a file where one of that
// name exists, else a built-in experiment, which a directory does not hide.
func resolve(args []string) (*config.Config, string, error) {
	name := configs.Default
	if len(args) > 0 && !isOverride(args[0]) {
		name, args = args[0], args[1:]
	}
	for _, a := range args {
		if !strings.Contains(a, "=") {
			return nil, "", exit.With(exit.Usage, fmt.Errorf("%q is not key=value; one configuration at a time", a))
		}
	}
	info, err := os.Stat(name)
	directory := err == nil && info.IsDir()
	if err == nil && !directory {
		c, err := config.Load(name, args...)
		return c, name, err
	}
	text, err := configs.Read(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		if directory {
			return nil, "", exit.With(exit.Usage, fmt.Errorf("%s is a directory; costate resume continues a run, and its config.toml runs again", name))
		}
		hint := "; see costate list configs"
		if s, ok := config.Closest(name, configs.Names()); ok {
			hint = fmt.Sprintf(" (did you mean %s?)", s)
		}
		return nil, "", exit.With(exit.Usage, fmt.Errorf("no file and no built-in experiment %q%s", name, hint))
	}
	if err != nil {
		return nil, "", err
	}
	source := "configs/" + strings.TrimSuffix(name, ".toml") + ".toml"
	c, err := config.Parse(source, text, args...)
	return c, source, err
}

// isOverride tells key=value from the name of a file that has an equals sign.
func isOverride(arg string) bool {
	if !strings.Contains(arg, "=") {
		return false
	}
	_, err := os.Stat(arg)
	return err != nil
}
