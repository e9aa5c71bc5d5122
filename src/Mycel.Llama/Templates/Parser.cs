namespace Mycel.Llama.Templates;

/// <summary>Makes statements of tokens.</summary>
internal sealed partial class Parser
{
    private readonly List<Token> _tokens;
    private int _position;

    // The names that the macro being read uses: they decide which arguments it takes.
    private HashSet<string> _names = new(StringComparer.Ordinal);
    private int _loops;

    private Parser(List<Token> tokens) => _tokens = tokens;

    public static Body Parse(string source) => new Parser(Lexer.Tokenize(source)).ParseBody("the template");

    private Token Current => _tokens[_position];

    private Token Read() => _tokens[_position++];

    private bool IsName(string name) => Current.Kind == TokenKind.Name && Current.Text == name;

    private bool IsOperator(string text) => Current.Kind == TokenKind.Operator && Current.Text == text;

    private bool SkipName(string name)
    {
        if (!IsName(name))
            return false;
        _position++;
        return true;
    }

    private bool SkipOperator(string text)
    {
        if (!IsOperator(text))
            return false;
        _position++;
        return true;
    }

    private void ExpectOperator(string text)
    {
        if (!SkipOperator(text))
            throw Unexpected($"'{text}'");
    }

    private string ExpectName() => Current.Kind == TokenKind.Name ? Read().Text : throw Unexpected("a name");

    private TemplateException Unexpected(string expected) => new(
        Current.Kind switch
        {
            TokenKind.End => $"the template ends where {expected} is expected",
            TokenKind.TagEnd or TokenKind.OutputEnd => $"a tag ends where {expected} is expected",
            TokenKind.Literal => $"a value stands where {expected} is expected",
            _ => $"'{Current.Text}' stands where {expected} is expected",
        },
        Current.Line);

    private void EndTag()
    {
        if (Current.Kind != TokenKind.TagEnd)
            throw Unexpected("the end of the tag");
        _position++;
    }

    /// <summary>Statements up to one of the tags in <paramref name="ends"/> (whose name is then current), or the end of the template.</summary>
    private Body ParseBody(string inside, params ReadOnlySpan<string> ends)
    {
        if (!System.Runtime.CompilerServices.RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw RenderState.TooDeep();
        var statements = new List<Statement>();
        while (true)
        {
            var token = Read();
            switch (token.Kind)
            {
                case TokenKind.Text:
                    statements.Add(new TextStatement(token.Text, token.Line));
                    break;
                case TokenKind.OutputBegin:
                    statements.Add(new OutputStatement(ParseTuple(), token.Line));
                    if (Read().Kind != TokenKind.OutputEnd)
                        throw Back().Unexpected("the end of the output");
                    break;
                case TokenKind.TagBegin:
                    if (Current.Kind == TokenKind.Name && ends.Contains(Current.Text))
                        return new Body(statements);
                    statements.Add(ParseTag());
                    break;
                default:
                    if (ends.Length > 0)
                        throw new TemplateException($"{inside} is not closed: '{{% {ends[^1]} %}}' is missing", token.Line);
                    return new Body(statements);
            }
        }
    }

    private Parser Back()
    {
        _position--;
        return this;
    }

    /// <summary>Statements up to the tag <paramref name="end"/>, that tag included.</summary>
    private Body ParseBlock(string name, string end)
    {
        var body = ParseBody($"'{name}'", end);
        _position++;
        if (name == "macro" && Current.Kind == TokenKind.Name)
            _position++;
        EndTag();
        return body;
    }

    private Statement ParseTag()
    {
        var line = Current.Line;
        var name = ExpectName();
        switch (name)
        {
            case "if":
                return ParseIf(line);
            case "for":
                return ParseFor(line);
            case "set":
                return ParseSet(line);
            case "macro":
                return ParseMacro(line);
            case "call":
                return ParseCallBlock(line);
            case "filter":
                return ParseFilterBlock(line);
            case "with":
                return ParseWith(line);
            case "generation":
                EndTag();
                return new ScopeStatement([], WithoutLoops(() => ParseBlock(name, "endgeneration")), line);
            case "break" or "continue":
                if (_loops == 0)
                    throw new TemplateException($"'{name}' stands outside a loop", line);
                EndTag();
                return new JumpStatement(name == "break" ? Flow.Break : Flow.Continue, line);
            case "include" or "import" or "from" or "extends" or "block" or "do" or "autoescape" or "trans" or "debug":
                throw new TemplateException($"'{{% {name} %}}' is not supported in chat templates", line);
            default:
                throw new TemplateException($"'{{% {name} %}}' is not known, or closes nothing here", line);
        }
    }

    private IfStatement ParseIf(int line)
    {
        var branches = new List<(Expression, Body)>();
        while (true)
        {
            var condition = ParseTuple(withCondition: false);
            EndTag();
            branches.Add((condition, ParseBody("'if'", "elif", "else", "endif")));
            var end = Read().Text;
            if (end == "elif")
                continue;
            Body? otherwise = null;
            if (end == "else")
            {
                EndTag();
                otherwise = ParseBlock("if", "endif");
            }
            else
            {
                EndTag();
            }

            return new IfStatement(branches, otherwise, line);
        }
    }

    private ForStatement ParseFor(int line)
    {
        var target = ParseTarget(mayBeAttribute: false);
        if (!SkipName("in"))
            throw Unexpected("'in'");
        var items = ParseTuple(withCondition: false);
        var condition = SkipName("if") ? ParseExpression() : null;
        if (IsName("recursive"))
            throw new TemplateException("'recursive' loops are not supported in chat templates", line);
        EndTag();
        _loops++;
        var body = ParseBody("'for'", "else", "endfor");
        _loops--;
        Body? otherwise = null;
        var end = Read().Text;
        EndTag();
        if (end == "else")
            otherwise = ParseBlock("for", "endfor");
        return new ForStatement(target, items, condition, body, otherwise, line);
    }

    private Statement ParseSet(int line)
    {
        var target = ParseTarget(mayBeAttribute: true);
        if (SkipOperator("="))
        {
            var value = ParseTuple();
            EndTag();
            return new SetStatement(target, value, line);
        }

        var filters = IsOperator("|") ? ParseFilters() : [];
        EndTag();
        return new SetBlockStatement(target, WithoutLoops(() => ParseBlock("set", "endset")), filters, line);
    }

    private Target ParseTarget(bool mayBeAttribute)
    {
        var targets = new List<Target>();
        var isTuple = false;
        do
        {
            // A comma may end the list: `for a, in pairs`.
            if (targets.Count > 0 && (IsName("in") || IsOperator("=") || IsOperator(")")))
                break;
            targets.Add(ParseOneTarget(mayBeAttribute));
            isTuple |= IsOperator(",");
        }
        while (SkipOperator(","));

        return isTuple ? new Target(null, null, targets) : targets[0];
    }

    private Target ParseOneTarget(bool mayBeAttribute)
    {
        if (SkipOperator("("))
        {
            var inner = ParseTarget(mayBeAttribute: false);
            ExpectOperator(")");
            return inner;
        }

        var name = ExpectName();
        if (name is "true" or "false" or "none" or "True" or "False" or "None" or "loop")
            throw new TemplateException($"'{name}' cannot be set", Current.Line);
        return new Target(name, mayBeAttribute && SkipOperator(".") ? ExpectName() : null, []);
    }

    private MacroStatement ParseMacro(int line)
    {
        var name = ExpectName();
        ExpectOperator("(");
        return new MacroStatement(ParseDefinition(name, "macro", "endmacro", ParseParameters), line);
    }

    private CallStatement ParseCallBlock(int line)
    {
        var parameters = SkipOperator("(") ? ParseParameters() : [];
        if (ParseExpression() is not CallExpression call)
            throw new TemplateException("'call' needs a call of a macro", line);
        return new CallStatement(call, ParseDefinition("caller", "call", "endcall", () => parameters), line);
    }

    private MacroDefinition ParseDefinition(string name, string tag, string end, Func<List<(string, Expression?)>> readParameters)
    {
        var outerNames = _names;
        _names = new(StringComparer.Ordinal);
        var parameters = readParameters();
        EndTag();
        var body = WithoutLoops(() => ParseBlock(tag, end));
        var names = _names;
        _names = outerNames;
        // A macro inside another one is a part of it, as far as the names go.
        _names.UnionWith(names);
        return new MacroDefinition(name, parameters, body)
        {
            UsesVarargs = names.Contains("varargs"),
            UsesKwargs = names.Contains("kwargs"),
            UsesCaller = names.Contains("caller"),
        };
    }

    /// <summary>Parameters behind the opening bracket, the closing one included.</summary>
    private List<(string Name, Expression? Default)> ParseParameters()
    {
        var parameters = new List<(string, Expression? Default)>();
        while (!SkipOperator(")"))
        {
            if (parameters.Count > 0)
                ExpectOperator(",");
            var name = ExpectName();
            var otherwise = SkipOperator("=") ? ParseExpression() : null;
            if (otherwise is null && parameters.Count > 0 && parameters[^1].Default is not null)
                throw new TemplateException($"the parameter '{name}' needs a default, as the one before it has one", Current.Line);
            parameters.Add((name, otherwise));
        }

        return parameters;
    }

    private FilterBlockStatement ParseFilterBlock(int line)
    {
        var filters = ParseFilters(first: true);
        EndTag();
        return new FilterBlockStatement(WithoutLoops(() => ParseBlock("filter", "endfilter")), filters, line);
    }

    private ScopeStatement ParseWith(int line)
    {
        var values = new List<(Target, Expression)>();
        while (Current.Kind != TokenKind.TagEnd)
        {
            if (values.Count > 0)
                ExpectOperator(",");
            var target = ParseOneTarget(mayBeAttribute: false);
            ExpectOperator("=");
            values.Add((target, ParseExpression()));
        }

        EndTag();
        return new ScopeStatement(values, ParseBlock("with", "endwith"), line);
    }

    /// <summary>Parses what a loop around it cannot be left from.</summary>
    private Body WithoutLoops(Func<Body> parse)
    {
        var loops = _loops;
        _loops = 0;
        var body = parse();
        _loops = loops;
        return body;
    }
}
