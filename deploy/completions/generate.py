#!/usr/bin/env python3
"""generate.py BINARY FOLDER: writes the completions of bash, zsh and fish into FOLDER, from what the binary's --help says.

The build runs it, so completions never differ from the command line. tests/release/completions.sh tries them."""
import dataclasses
import pathlib
import re
import subprocess
import sys

MADE_BY = "Made by deploy/completions/generate.py from `ringwire --help`."
ENTRY = re.compile(r"^  (?P<names>\S+)(?: (?P<value>[A-Z]\S*))?(?: REQUIRED)?(?:\s{2,}(?P<about>.*))?$")


@dataclasses.dataclass
class Option:
    names: list
    takes_value: bool
    choices: list
    about: str


@dataclasses.dataclass
class Command:
    name: str  # with that of the command that it belongs to: `user add`
    about: str
    options: list = dataclasses.field(default_factory=list)
    arguments: list = dataclasses.field(default_factory=list)
    commands: list = dataclasses.field(default_factory=list)


def entries(help_text):
    """(section, names, value, about) for every entry; the lines of a long description are joined."""
    section, found = "", []
    for line in help_text.splitlines():
        if re.match(r"^\w+:$", line):
            section = line[:-1]
        elif match := ENTRY.match(line):
            found.append([section, match["names"], match["value"] or "", match["about"] or ""])
        elif line.startswith(" " * 8) and found:
            found[-1][3] = f"{found[-1][3]} {line.strip()}".strip()
    return found


FIELDS = []  # of `show IFNAME FIELD`, as its help lists them


def read_command(binary, name="", about=""):
    text = subprocess.run([binary, *name.split(), "--help"], check=True, capture_output=True, text=True).stdout
    command = Command(name, about)
    for section, names, value, description in entries(text):
        if section == "Options":
            choices = re.search(r"\{(.*)\}", value)
            command.options.append(Option(names.split(","), bool(value), choices[1].split(",") if choices else [], description))
        elif section == "Positionals":
            command.arguments.append(names)
            if names == "FIELD":
                FIELDS.extend(description.split(": ")[-1].split(", "))
        elif section == "Subcommands":
            command.commands.append(read_command(binary, f"{name} {names}".strip(), description))
    if not command.options:
        sys.exit(f"generate.py: cannot read the help of `ringwire {name}`: it lists no option")
    return command


def all_commands(command):
    yield command
    for inner in command.commands:
        yield from all_commands(inner)


def bash(root):
    def case(key, text):
        return f"    {key!r}) echo {text!r} ;;" if text else None

    def lines(entry):
        return "\n".join(line for command in all_commands(root) for line in entry(command) if line)

    def values(command):
        for option in command.options:
            if option.takes_value:
                yield f"    {command.name!r}:{option.names[-1]}) echo '{' '.join(option.choices)}' ;;"

    words = lines(lambda c: [case(c.name, " ".join(n + "=" * o.takes_value for o in c.options for n in o.names))])
    kinds = lines(lambda c: [case(c.name, " ".join(c.arguments))])
    inner = lines(lambda c: [case(c.name, " ".join(i.name.split()[-1] for i in c.commands))])
    return f"""# bash completion for ringwire. {MADE_BY}

_ringwire_options() {{  # COMMAND: its options
  case $1 in
{words}
  esac
}}

_ringwire_values() {{  # COMMAND OPTION: what the option takes; fails where it takes nothing
  case $1:$2 in
{lines(values)}
    *) return 1 ;;
  esac
}}

_ringwire_arguments() {{  # COMMAND: the kinds of its arguments
  case $1 in
{kinds}
  esac
}}

_ringwire_commands() {{  # COMMAND: the commands that may follow
  case $1 in
{inner}
  esac
}}

_ringwire_files() {{  # SUFFIX FOLDER...: the names of files there, without the suffix
  local suffix=$1 folder file
  shift
  for folder; do
    for file in "$folder"/*"$suffix"; do
      [ ! -e "$file" ] || {{ file=${{file##*/}}; echo "${{file%"$suffix"}}"; }}
    done
  done
}}

_ringwire_argument() {{  # KIND WORD INTERFACE
  case $1 in
    CONFIG)
      compgen -W "$(_ringwire_files .conf /etc/ringwire /etc/wireguard)" -- "$2"
      compgen -f -X '!*.conf' -- "$2"
      compgen -d -- "$2" ;;
    IFNAME) compgen -W "$(_ringwire_files .sock /run/ringwire | grep -v '\.admin$')" -- "$2" ;;
    FIELD) compgen -W "{' '.join(FIELDS)}" -- "$2" ;;
    PEER) compgen -W "$(ringwire show "$3" peers 2>/dev/null)" -- "$2" ;;
  esac
}}

_ringwire() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} option=${{COMP_WORDS[COMP_CWORD - 1]}} command= longer arguments=() i values
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case ${{COMP_WORDS[i]}} in
      --) [ "$command" != exec ] || {{ COMPREPLY=($(compgen -c -- "$word")); return; }} ;;
      -*) if [ "${{COMP_WORDS[i + 1]}}" != = ] && _ringwire_values "$command" "${{COMP_WORDS[i]}}" >/dev/null; then ((++i)); fi ;;
      =) ((++i)) ;;  # and the value
      *) longer=${{command:+$command }}${{COMP_WORDS[i]}}
         if [ ${{#arguments[@]}} = 0 ] && _ringwire_options "$longer" | grep . >/dev/null; then
           command=$longer
         else
           arguments+=("${{COMP_WORDS[i]}}")
         fi ;;
    esac
  done
  # bash takes `--option=value` for three words.
  if [ "$word" = = ]; then word=; elif [ "$option" = = ]; then option=${{COMP_WORDS[COMP_CWORD - 2]}}; fi
  if values=$(_ringwire_values "$command" "$option"); then
    COMPREPLY=($(compgen -W "$values" -- "$word"))
  elif [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$(_ringwire_options "$command")" -- "$word"))
    [[ ${{#COMPREPLY[@]}} != 1 || ${{COMPREPLY[0]}} != *= ]] || compopt -o nospace
  elif values=$(_ringwire_commands "$command"); [ -n "$values" ]; then
    COMPREPLY=($(compgen -W "$values" -- "$word"))
  else
    local kinds=($(_ringwire_arguments "$command"))
    local kind=${{kinds[${{#arguments[@]}}]-}}
    COMPREPLY=($(_ringwire_argument "$kind" "$word" "${{arguments[0]-}}"))
    [ "$kind" != CONFIG ] || compopt -o filenames  # a folder gets a slash
  fi
}}

complete -F _ringwire ringwire
"""


def zsh(root):
    def quote(text):
        return "'" + text.replace("'", "'\\''") + "'"

    def about(text):
        return re.sub(r"([\[\]:\\])", r"\\\1", text)

    def options(command):
        for option in command.options:
            value = f":value:({' '.join(option.choices)})" if option.takes_value else ""
            names = [name + "=" * (option.takes_value and name.startswith("--")) for name in option.names]
            spec = quote(f"[{about(option.about)}]{value}")
            if len(names) == 1:
                yield names[0] + spec
            else:
                yield quote(f"({' '.join(option.names)})") + "{" + ",".join(names) + "}" + spec

    def arguments(command):
        for number, kind in enumerate(command.arguments, 1):
            completer = f"_ringwire_{kind.lower()}" if kind in ("CONFIG", "IFNAME", "FIELD", "PEER") else " "
            yield quote(f"{number}:{kind.lower()}:{completer}")
        if command.name == "exec":
            yield quote("*::program:_normal")

    def specs(command, indent, more=()):
        return f" \\\n{indent}".join([*options(command), *more])

    def described(command, indent):
        return "\n".join(f"{indent}{quote(c.name.split()[-1] + ':' + about(c.about))}" for c in command.commands)

    def case(command, indent):
        if command.commands:
            inner = "\n".join(case(c, indent + " " * 6) for c in command.commands)
            body = f"""if ((CURRENT == 2)); then
{indent}    commands=(
{described(command, indent + " " * 6)}
{indent}    )
{indent}    _describe -t commands command commands
{indent}  else
{indent}    shift words
{indent}    ((--CURRENT))
{indent}    case $words[1] in
{inner}
{indent}    esac
{indent}  fi"""
        else:
            body = f"_arguments -S \\\n{indent}    {specs(command, indent + ' ' * 4, arguments(command))}"
        return f"{indent}{command.name.split()[-1]})\n{indent}  {body} ;;"

    cases = "\n".join(case(c, " " * 8) for c in root.commands)
    return f"""#compdef ringwire
# {MADE_BY}

_ringwire_config() {{
  local -a names=(/etc/ringwire/*.conf(N:t:r) /etc/wireguard/*.conf(N:t:r))
  _alternative "names:configuration:(${{names[*]}})" 'files:file:_files -g "*.conf"'
}}

_ringwire_ifname() {{
  local -a names=(/run/ringwire/*.sock(N:t:r))
  compadd -- ${{names:#*.admin}}
}}

_ringwire_field() {{
  compadd -- {' '.join(FIELDS)}
}}

_ringwire_peer() {{
  local -a keys=(${{(f)"$(ringwire show ${{line[1]}} peers 2>/dev/null)"}})
  compadd -- $keys
}}

_ringwire() {{
  local curcontext=$curcontext state
  local -a line commands
  typeset -A opt_args
  _arguments -C \\
    {specs(root, ' ' * 4, ("'1:command:->command'", "'*::argument:->argument'"))}
  case $state in
    command)
      commands=(
{described(root, " " * 8)}
      )
      _describe -t commands command commands ;;
    argument)
      case $line[1] in
{cases}
      esac ;;
  esac
}}

_ringwire "$@"
"""


def fish(root):
    def quote(text):
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    sources = {"CONFIG": "(__ringwire_files .conf /etc/ringwire /etc/wireguard) (__fish_complete_suffix .conf)",
               "IFNAME": "(__ringwire_files .sock /run/ringwire | string match -v '*.admin')",
               "FIELD": " ".join(FIELDS),
               "PEER": "(ringwire show (commandline -opc)[3] peers 2>/dev/null)"}
    lines = [f"""# fish completion for ringwire. {MADE_BY}

function __ringwire_files # SUFFIX FOLDER...: the names of files there, without the suffix
    for folder in $argv[2..]
        for file in $folder/*$argv[1]
            path change-extension '' (path basename $file)
        end
    end
end

complete -c ringwire -f"""]
    def condition(command):
        """True while this command is typed and none that may follow it."""
        if not command.name:
            return "__fish_use_subcommand"
        seen = [f"__fish_seen_subcommand_from {word}" for word in command.name.split()]
        if command.commands:
            seen.append("not __fish_seen_subcommand_from " + " ".join(c.name.split()[-1] for c in command.commands))
        return quote("; and ".join(seen))

    for command in all_commands(root):
        when = f"-n {condition(command)}"
        for inner in command.commands:
            lines.append(f"complete -c ringwire {when} -a {inner.name.split()[-1]} -d {quote(inner.about)}")
        for kind in command.arguments:
            lines.append(f"complete -c ringwire {when} -a {quote(sources.get(kind, ''))}")
        for option in command.options:
            names = " ".join(("-l " if name.startswith("--") else "-s ") + name.lstrip("-") for name in option.names)
            value = f" -x -a {quote(' '.join(option.choices))}" if option.takes_value else ""
            lines.append(f"complete -c ringwire {when} {names}{value} -d {quote(option.about)}")
    return "\n".join(lines) + "\n"


def main():
    binary, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    root = read_command(binary)
    for name, make in (("ringwire.bash", bash), ("_ringwire", zsh), ("ringwire.fish", fish)):
        (folder / name).write_text(make(root))


if __name__ == "__main__":
    main()
