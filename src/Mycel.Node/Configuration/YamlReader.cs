using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Mycel.Node.Configuration;

/// <summary>
/// Reads one YAML document into nodes that know their lines. Goes over the parser's events rather than its ready-made tree, because that
/// tree ends at the first duplicate key, and a person wants to hear of all of them.
/// </summary>
internal sealed class YamlReader
{
    /// <summary>Sections and lists within one another at most. The settings need 4.</summary>
    public const int MaxDepth = 16;

    private readonly string _text;
    private readonly string _file;
    private readonly ProblemList _problems;
    private readonly Parser _parser;

    private YamlReader(string text, string file, ProblemList problems)
    {
        _text = text;
        _file = file;
        _problems = problems;
        _parser = new Parser(new StringReader(text));
    }

    /// <summary>The document's root, an <see cref="ConfigNodeKind.Empty"/> one for an empty file, or null when it is not readable as YAML at all.</summary>
    /// <param name="text">The file's text.</param>
    /// <param name="file">Its path, for the places of values and mistakes.</param>
    /// <param name="problems">Where mistakes go.</param>
    public static ConfigNode? Read(string text, string file, ProblemList problems)
    {
        var reader = new YamlReader(text, file, problems);
        try
        {
            return reader.ReadStream();
        }
        catch (YamlException problem)
        {
            reader.AddSyntaxProblem(problem);
            return null;
        }
        catch (Exception problem) when (problem is InvalidOperationException or ArgumentException)
        {
            // The scanner has slips of its own on some damaged texts.
            problems.Add("", reader.OriginAt(reader._parser.Current?.End ?? Mark.Empty), "not valid YAML from about this line on");
            return null;
        }
    }

    private ConfigNode ReadStream()
    {
        _parser.Consume<StreamStart>();
        if (_parser.Accept<StreamEnd>(out _)) return new ConfigNode(ConfigNodeKind.Empty, OriginAt(Mark.Empty));
        _parser.Consume<DocumentStart>();
        var root = ReadNode("", depth: 0);
        _parser.Consume<DocumentEnd>();
        if (_parser.Accept<DocumentStart>(out var second))
            _problems.Add("", OriginAt(second.Start), "a second document begins here; keep one document and remove this `---` and what follows");
        return root;
    }

    private ConfigNode ReadNode(string path, int depth)
    {
        if (depth > MaxDepth) throw new SemanticErrorException(_parser.Current!.Start, _parser.Current.End, "Sections are nested too deeply.");
        if (_parser.TryConsume<AnchorAlias>(out var alias))
        {
            _problems.Add(path, OriginAt(alias.Start), $"the alias *{alias.Value} is not supported; write the value out");
            return new ConfigNode(ConfigNodeKind.Empty, OriginAt(alias.Start));
        }
        if (_parser.Accept<NodeEvent>(out var node)) RefuseDecoration(path, node);
        if (_parser.TryConsume<Scalar>(out var scalar)) return ReadScalar(scalar);
        return _parser.Accept<SequenceStart>(out _) ? ReadList(path, depth) : ReadSection(path, depth);
    }

    private void RefuseDecoration(string path, NodeEvent node)
    {
        if (!node.Anchor.IsEmpty)
            _problems.Add(path, OriginAt(node.Start), $"the anchor &{node.Anchor.Value} is not supported; write the value out where it is needed");
        if (!node.Tag.IsEmpty && !node.Tag.IsNonSpecific)
            _problems.Add(path, OriginAt(node.Start), "tags (!…) are not supported; remove it");
    }

    private ConfigNode ReadScalar(Scalar scalar)
    {
        var isEmpty = scalar.Style == ScalarStyle.Plain && (scalar.Value is "" or "~" or "null");
        return isEmpty
            ? new ConfigNode(ConfigNodeKind.Empty, OriginAt(scalar.Start))
            : ConfigNode.Scalar(scalar.Value, OriginAt(scalar.Start));
    }

    private ConfigNode ReadList(string path, int depth)
    {
        var start = _parser.Consume<SequenceStart>();
        var items = new List<ConfigNode>();
        while (!_parser.TryConsume<SequenceEnd>(out _)) items.Add(ReadNode($"{path}[{items.Count}]", depth + 1));
        return new ConfigNode(ConfigNodeKind.List, OriginAt(start.Start)) { Items = items };
    }

    private ConfigNode ReadSection(string path, int depth)
    {
        var start = _parser.Consume<MappingStart>();
        var members = new Dictionary<string, ConfigMember>(StringComparer.Ordinal);
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var key = _parser.Current!.Start;
            var name = ReadNode(path, depth + 1);
            var memberPath = path.Length == 0 ? name.Text : $"{path}.{name.Text}";
            var value = ReadNode(memberPath, depth + 1);
            if (name.Kind != ConfigNodeKind.Scalar)
                _problems.Add(path, OriginAt(key), "a key here is not a word; write `key: value`");
            else if (members.TryGetValue(name.Text, out var first))
                _problems.Add(memberPath, OriginAt(key), $"given twice; it is already in line {first.Origin.Line}. Remove one of the two");
            else
                members.Add(name.Text, new ConfigMember(name.Text, OriginAt(key), value));
        }
        return new ConfigNode(ConfigNodeKind.Section, OriginAt(start.Start)) { Members = [.. members.Values.OrderBy(m => m.Origin.Line)] };
    }

    /// <summary>The parser names the line where a value began, not the one with the tab that broke it; tabs are the commonest cause, so look for one.</summary>
    private void AddSyntaxProblem(YamlException problem)
    {
        var from = (int)Math.Max(1, problem.Start.Line);
        var line = 0;
        foreach (var text in _text.AsSpan().EnumerateLines())
        {
            line++;
            var indent = text[..^text.TrimStart().Length];
            var tab = indent.IndexOf('\t');
            if (line < from || tab < 0 || indent.Length == text.Length) continue;
            _problems.Add("", new SettingOrigin(SettingSource.File, _file, line, tab + 1), "the line is indented with a tab; YAML wants spaces");
            return;
        }
        _problems.Add("", OriginAt(problem.Start), $"not valid YAML: {problem.Message.TrimEnd('.')}");
    }

    private SettingOrigin OriginAt(Mark mark) => new(SettingSource.File, _file, (int)Math.Max(1, mark.Line), (int)Math.Max(1, mark.Column));
}
