namespace Mycel.Node.Cli;

/// <summary>
/// The scripts of the command <c>completion</c>. All ask the program itself, by <c>mycel "[suggest:POSITION]" "LINE"</c>, so they never
/// fall behind its commands. The line's first word is replaced by the bare name, as it may be a path.
/// </summary>
internal static class CompletionScripts
{
    /// <summary>The shells that there is a script for.</summary>
    public static IReadOnlyList<string> Shells { get; } = ["bash", "zsh", "fish", "pwsh"];

    /// <summary>The script for a shell.</summary>
    public static string For(string shell) => shell switch
    {
        "bash" => Bash,
        "zsh" => Zsh,
        "fish" => Fish,
        "pwsh" => PowerShell,
        _ => throw new ArgumentOutOfRangeException(nameof(shell), shell, "no such shell"),
    };

    private const string Bash = """
        # bash completion for mycel
        _mycel_complete() {
            local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} line candidate
            line="mycel${COMP_LINE:${#program}}"
            local position=$(( COMP_POINT - ${#program} + 5 ))
            # What bash replaces begins after the last colon, as in relay:model.
            local word=${line:0:position} kept=
            word=${word##*[[:space:]]}
            [[ $word == *:* && $COMP_WORDBREAKS == *:* ]] && kept=${word%"${word##*:}"}
            COMPREPLY=()
            while IFS= read -r candidate; do
                [[ $candidate == "$word"* ]] && COMPREPLY+=("${candidate#"$kept"}")
            done < <("$program" "[suggest:$position]" "$line" 2>/dev/null)
        }
        complete -o default -F _mycel_complete mycel

        """;

    private const string Zsh = """
        #compdef mycel
        _mycel() {
            local program=${words[1]} line candidates
            line="mycel${BUFFER#*$program}"
            local position=$(( CURSOR - ${#BUFFER} + ${#line} ))
            candidates=("${(@f)$($program "[suggest:$position]" "$line" 2>/dev/null)}")
            compadd -- ${candidates:#}
        }
        if [ "$funcstack[1]" = "_mycel" ]; then _mycel "$@"; else compdef _mycel mycel; fi

        """;

    private const string Fish = """
        # fish completion for mycel
        function __mycel_complete
            set -l line (commandline -pc)
            set -l program (commandline -po)[1]
            set -l line (string replace -- $program mycel $line)
            $program "[suggest:"(string length -- $line)"]" "$line" 2>/dev/null
        end
        complete -c mycel -f -a '(__mycel_complete)'

        """;

    private const string PowerShell = """
        # PowerShell completion for mycel
        Register-ArgumentCompleter -Native -CommandName mycel -ScriptBlock {
            param($wordToComplete, $commandAst, $cursorPosition)
            $program = $commandAst.CommandElements[0].Extent.Text
            $line = 'mycel' + $commandAst.ToString().Substring($program.Length)
            $position = $cursorPosition - $commandAst.Extent.StartOffset - $program.Length + 5
            if ($position -gt $line.Length) { $line = $line.PadRight($position) }
            & $program "[suggest:$position]" $line 2>$null | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
                [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
            }
        }

        """;
}
