package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/costate-go/costate/configs"
	"github.com/costate-go/costate/experiments/config"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"One of ${enum}."`
}

// Help implements kong.HelpProvider.
func (completionCmd) Help() string {
	return `Completes commands, flags and their values, built-in experiments, keys of the configuration and their choices.

Examples:
  source <(costate completion bash)                                      in ~/.bashrc
  source <(costate completion zsh)                                       in ~/.zshrc, after compinit
  costate completion fish > ~/.config/fish/completions/costate.fish`
}

// Run implements the command.
func (c *completionCmd) Run(a *app) error {
	_, err := fmt.Fprint(a.stdout, scripts[c.Shell])
	return err
}

// scripts ask the program itself what may stand at the cursor, so that they fit every version. Where it has no proposal the shell
// completes files.
var scripts = map[string]string{
	"bash": `# Completion of costate for bash.
_costate() {
    local line=${COMP_LINE:0:COMP_POINT} cur
    local -a words
    read -ra words <<< "$line"
    [[ $line == *' ' ]] && words+=('')
    cur=${words[-1]}
    mapfile -t COMPREPLY < <("${words[0]}" complete -- "${words[@]:1}" 2>/dev/null)
    if (( ${#COMPREPLY[@]} == 0 )); then
        mapfile -t COMPREPLY < <(compgen -f -- "${cur##*=}")
        compopt -o filenames 2>/dev/null
        return
    fi
    [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
    # bash begins a new word at =
    [[ $cur == *=* && $COMP_WORDBREAKS == *=* ]] && COMPREPLY=("${COMPREPLY[@]#"${cur%"${cur##*=}"}"}")
}
complete -F _costate costate
`,
	"zsh": `#compdef costate
# Completion of costate for zsh.
_costate() {
    local -a found keys rest
    found=("${(@f)$("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    found=(${found:#})
    if (( ${#found} == 0 )); then
        compset -P '*='
        _files
        return
    fi
    keys=(${(M)found:#*=})
    rest=(${found:#*=})
    (( ${#keys} )) && compadd -S '' -- $keys
    (( ${#rest} )) && compadd -- $rest
    return 0
}
compdef _costate costate
`,
	"fish": `# Completion of costate for fish.
function __costate_complete
    set -l words (commandline -opc) (commandline -ct)
    $words[1] complete -- $words[2..-1] 2>/dev/null
    or true
end
complete -c costate -f -n 'count (__costate_complete) >/dev/null' -a '(__costate_complete)'
complete -c costate -F -n 'not count (__costate_complete) >/dev/null'
`,
}

// complete prints the candidates for the words that a completion script has, behind "complete --".
func complete(w io.Writer, model *kong.Application, args []string) {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	for _, s := range candidates(model, args) {
		fmt.Fprintln(w, s)
	}
}

// candidates are what may stand for the last of the words behind the program's name. None: a file.
func candidates(model *kong.Application, words []string) []string {
	if len(words) == 0 {
		words = []string{""}
	}
	current := words[len(words)-1]
	if len(words) == 1 {
		return begin(commands, current)
	}
	i := slices.IndexFunc(model.Children, func(n *kong.Node) bool { return n.Name == words[0] })
	if i < 0 {
		return nil
	}
	command := model.Children[i]
	if f := flagOf(command, words[len(words)-2]); f != nil && !f.IsBool() {
		return begin(f.EnumSlice(), current)
	}
	if name, value, ok := strings.Cut(current, "="); ok && strings.HasPrefix(name, "--") {
		if f := flagOf(command, name); f != nil {
			return prefixed(name+"=", begin(f.EnumSlice(), value))
		}
		return nil
	}
	if strings.HasPrefix(current, "-") {
		var names []string
		for _, f := range command.Flags {
			if !f.Hidden {
				names = append(names, "--"+f.Name)
			}
		}
		return begin(append(names, "--help"), current)
	}
	if len(command.Positional) == 0 {
		return nil
	}
	return argument(command.Name, command.Positional[0], current)
}

// argument proposes configurations, keys and their choices, and runs.
func argument(command string, p *kong.Positional, current string) []string {
	if p.Enum != "" {
		return begin(p.EnumSlice(), current)
	}
	if !slices.Contains([]string{"run", "check", "compare", "sweep"}, command) {
		return begin(runs(), current)
	}
	if key, value, ok := strings.Cut(current, "="); ok {
		before := ""
		if i := strings.LastIndexByte(value, ','); i >= 0 && command == "sweep" {
			before, value = value[:i+1], value[i+1:]
		}
		return prefixed(key+"="+before, begin(valuesOf(key), value))
	}
	all := configs.Names()
	if command == "compare" {
		all = append(all, runs()...)
	}
	for _, k := range config.Keys() {
		all = append(all, k.Path+"=")
	}
	return begin(all, current)
}

// valuesOf are the values of a key that has a list of them.
func valuesOf(key string) []string {
	for _, k := range config.Keys() {
		if k.Path == key && k.Kind == config.Bool {
			return []string{"false", "true"}
		}
	}
	return config.Choices(key)
}

// runs are the run directories below runs.
func runs() []string {
	list, err := filepath.Glob(filepath.Join("runs", "*", "config.toml"))
	if err != nil {
		return nil
	}
	for i, f := range list {
		list[i] = filepath.Dir(f) + string(os.PathSeparator)
	}
	return list
}

func flagOf(n *kong.Node, word string) *kong.Flag {
	for _, f := range n.Flags {
		if word == "--"+f.Name || f.Short != 0 && word == "-"+string(f.Short) {
			return f
		}
	}
	return nil
}

func begin(list []string, prefix string) []string {
	var out []string
	for _, s := range list {
		if strings.HasPrefix(s, prefix) {
			out = append(out, s)
		}
	}
	return out
}

func prefixed(prefix string, list []string) []string {
	for i := range list {
		list[i] = prefix + list[i]
	}
	return list
}
