using System.Text.RegularExpressions;

namespace Mycel.Node.Tests.Architecture;

/// <summary>Checks which folders of src/Mycel.Node a source file uses against <see cref="Arrows.OfNode"/>.</summary>
internal sealed partial class NamespaceArrows
{
    private readonly Dictionary<string, HashSet<string>> _typesOfRooms = [];
    private readonly List<(string File, string Room, string Code)> _files = [];

    /// <summary>Takes a file in.</summary>
    /// <param name="file">Path to name in the sentences.</param>
    /// <param name="room">First folder of the file inside the project; empty for a file outside the folders.</param>
    /// <param name="source">Content of the file.</param>
    public void Add(string file, string room, string source)
    {
        string code = WithoutCommentsAndStrings(source);
        _files.Add((file, room, code));
        if (!_typesOfRooms.TryGetValue(room, out HashSet<string>? types))
            _typesOfRooms[room] = types = [];
        types.UnionWith(TypeDeclaration().Matches(code).Select(match => match.Groups[1].Value));
    }

    /// <summary>What is wrong with the files, a sentence each.</summary>
    public IEnumerable<string> Violations() => _files.SelectMany(file => Violations(file.File, file.Room, file.Code));

    private IEnumerable<string> Violations(string file, string room, string code)
    {
        if (room.Length > 0 && !Arrows.OfNode.ContainsKey(room))
        {
            yield return $"{file}:1: the folder {room} is not in the plan. Add it to {nameof(Arrows)}.{nameof(Arrows.OfNode)} with what it may use.";
            yield break;
        }

        foreach (Match match in GlobalUsing().Matches(code))
            yield return $"{file}:{LineAt(code, match.Index)}: a global using hides the arrow to {match.Groups[1].Value}; write the using where it is needed";
        if (room.Length == 0)
            yield break;

        Match declared = NamespaceDeclaration().Match(code);
        if (declared.Success && declared.Groups[1].Value != room)
            yield return $"{file}:{LineAt(code, declared.Index)}: the namespace is that of {declared.Groups[1].Value}, the folder is {room}";

        string[] allowed = Arrows.OfNode[room];
        foreach ((string target, int index) in Uses(code))
        {
            if (target != room && !allowed.Contains(target))
                yield return Arrows.Against(file, LineAt(code, index), room, target, allowed);
        }
    }

    /// <summary>Names written in full (in a using or in the code), and names written from the common namespace on, such as Hosting.NodeHost.</summary>
    private IEnumerable<(string Room, int Index)> Uses(string code)
    {
        foreach (Match match in FullName().Matches(code))
            yield return (match.Groups[1].Value, match.Index);
        foreach (Match match in ShortName().Matches(code))
        {
            string room = match.Groups[1].Value;

            // A property may have the name of a room; with one of the room's types behind it, it is the room.
            if (Arrows.OfNode.ContainsKey(room)
                && _typesOfRooms.TryGetValue(room, out HashSet<string>? types)
                && types.Contains(match.Groups[2].Value))
            {
                yield return (room, match.Index);
            }
        }
    }

    private static string WithoutCommentsAndStrings(string source)
        => CommentOrString().Replace(source, match => new string('\n', match.Value.Count(c => c == '\n')));

    private static int LineAt(string code, int index) => 1 + code.AsSpan(0, index).Count('\n');

    [GeneratedRegex("""("{3,})[\s\S]*?\1|@\$?"(?:[^"]|"")*"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'|//[^\n]*|/\*[\s\S]*?\*/""")]
    private static partial Regex CommentOrString();

    [GeneratedRegex(@"\bnamespace\s+Mycel\.Node\.(\w+)")]
    private static partial Regex NamespaceDeclaration();

    [GeneratedRegex(@"\bglobal\s+using\s+[^;]*?Mycel\.Node\.(\w+)")]
    private static partial Regex GlobalUsing();

    [GeneratedRegex(@"(?<!\bnamespace\s+)\bMycel\.Node\.(\w+)")]
    private static partial Regex FullName();

    [GeneratedRegex(@"(?<![\w.])([A-Z]\w*)\s*\.\s*(?:[A-Z]\w*\s*\.\s*)?([A-Z]\w*)")]
    private static partial Regex ShortName();

    [GeneratedRegex(@"\b(?:class|struct|interface|enum|record(?:\s+(?:class|struct))?)\s+([A-Z]\w*)")]
    private static partial Regex TypeDeclaration();
}
