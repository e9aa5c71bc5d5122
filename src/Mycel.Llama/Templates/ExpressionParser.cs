namespace Mycel.Llama.Templates;

/// <summary>Makes expressions of tokens, with Jinja's precedence.</summary>
internal sealed partial class Parser
{
    /// <summary>An expression, or several with commas between, which make a tuple.</summary>
    private Expression ParseTuple(bool withCondition = true)
    {
        var line = Current.Line;
        var items = new List<Expression>();
        var isTuple = false;
        while (!IsTupleEnd())
        {
            items.Add(withCondition ? ParseExpression() : ParseOr());
            if (!SkipOperator(","))
                break;
            isTuple = true;
        }

        if (isTuple)
            return new SequenceExpression(items, SequenceKind.Tuple, line);
        return items.Count > 0 ? items[0] : throw Unexpected("an expression");
    }

    private bool IsTupleEnd() => Current.Kind is TokenKind.TagEnd or TokenKind.OutputEnd || IsOperator(")");

    private Expression ParseExpression()
    {
        if (!System.Runtime.CompilerServices.RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw RenderState.TooDeep();
        var line = Current.Line;
        var value = ParseOr();
        while (SkipName("if"))
        {
            var condition = ParseOr();
            var otherwise = SkipName("else") ? ParseExpression() : null;
            value = new ConditionExpression(condition, value, otherwise, line);
        }

        return value;
    }

    private Expression ParseOr()
    {
        var left = ParseAnd();
        while (SkipName("or"))
            left = new LogicExpression(left, ParseAnd(), IsAnd: false, left.Line);
        return left;
    }

    private Expression ParseAnd()
    {
        var left = ParseNot();
        while (SkipName("and"))
            left = new LogicExpression(left, ParseNot(), IsAnd: true, left.Line);
        return left;
    }

    private Expression ParseNot()
    {
        if (!System.Runtime.CompilerServices.RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw RenderState.TooDeep();
        var line = Current.Line;
        return SkipName("not") ? new NotExpression(ParseNot(), line) : ParseCompare();
    }

    private Expression ParseCompare()
    {
        var first = ParseSum();
        var rest = new List<(string, Expression)>();
        while (true)
        {
            if (Current is { Kind: TokenKind.Operator, Text: "==" or "!=" or "<" or "<=" or ">" or ">=" })
                rest.Add((Read().Text, ParseSum()));
            else if (SkipName("in"))
                rest.Add(("in", ParseSum()));
            else if (IsName("not") && _tokens[_position + 1] is { Kind: TokenKind.Name, Text: "in" })
            {
                _position += 2;
                rest.Add(("not in", ParseSum()));
            }
            else
            {
                return rest.Count == 0 ? first : new CompareExpression(first, rest, first.Line);
            }
        }
    }

    private Expression ParseSum()
    {
        var left = ParseConcat();
        while (Current is { Kind: TokenKind.Operator, Text: "+" or "-" })
            left = new BinaryExpression(Read().Text, left, ParseConcat(), left.Line);
        return left;
    }

    private Expression ParseConcat()
    {
        var first = ParseProduct();
        if (!IsOperator("~"))
            return first;
        var parts = new List<Expression> { first };
        while (SkipOperator("~"))
            parts.Add(ParseProduct());
        return new ConcatExpression(parts, first.Line);
    }

    private Expression ParseProduct()
    {
        var left = ParsePower();
        while (Current is { Kind: TokenKind.Operator, Text: "*" or "/" or "//" or "%" })
            left = new BinaryExpression(Read().Text, left, ParsePower(), left.Line);
        return left;
    }

    private Expression ParsePower()
    {
        var left = ParseUnary(withFilters: true);
        while (Current is { Kind: TokenKind.Operator, Text: "**" })
            left = new BinaryExpression(Read().Text, left, ParseUnary(withFilters: true), left.Line);
        return left;
    }

    private Expression ParseUnary(bool withFilters)
    {
        if (!System.Runtime.CompilerServices.RuntimeHelpers.TryEnsureSufficientExecutionStack())
            throw RenderState.TooDeep();
        var line = Current.Line;
        var value = Current is { Kind: TokenKind.Operator, Text: "+" or "-" }
            ? new SignExpression(IsNegative: Read().Text == "-", Operand: ParseUnary(withFilters: false), Line: line)
            : ParsePrimary();
        value = ParsePostfix(value);
        return withFilters ? ParseFiltersAndTests(value) : value;
    }

    private Expression ParsePrimary()
    {
        var token = Read();
        switch (token.Kind)
        {
            case TokenKind.Name:
                _names.Add(token.Text);
                return token.Text switch
                {
                    "true" or "True" => new LiteralExpression(true, token.Line),
                    "false" or "False" => new LiteralExpression(false, token.Line),
                    "none" or "None" => new LiteralExpression(null, token.Line),
                    _ => new NameExpression(token.Text, token.Line),
                };
            case TokenKind.Literal when token.Value is string text:
                while (Current is { Kind: TokenKind.Literal, Value: string more })
                {
                    text += more;
                    _position++;
                }

                return new LiteralExpression(text, token.Line);
            case TokenKind.Literal:
                return new LiteralExpression(token.Value, token.Line);
            case TokenKind.Operator when token.Text == "(":
                var inner = IsOperator(")") ? new SequenceExpression([], SequenceKind.Tuple, token.Line) : ParseTuple();
                ExpectOperator(")");
                return inner;
            case TokenKind.Operator when token.Text == "[":
                return ParseList(token.Line);
            case TokenKind.Operator when token.Text == "{":
                return ParseDict(token.Line);
            default:
                throw Back().Unexpected("an expression");
        }
    }

    private SequenceExpression ParseList(int line)
    {
        var items = new List<Expression>();
        while (!SkipOperator("]"))
        {
            if (items.Count > 0)
            {
                ExpectOperator(",");
                if (SkipOperator("]"))
                    break;
            }

            items.Add(ParseExpression());
        }

        return new SequenceExpression(items, SequenceKind.List, line);
    }

    private DictExpression ParseDict(int line)
    {
        var entries = new List<(Expression, Expression)>();
        while (!SkipOperator("}"))
        {
            if (entries.Count > 0)
            {
                ExpectOperator(",");
                if (SkipOperator("}"))
                    break;
            }

            var key = ParseExpression();
            ExpectOperator(":");
            entries.Add((key, ParseExpression()));
        }

        return new DictExpression(entries, line);
    }

    private Expression ParsePostfix(Expression value)
    {
        while (true)
        {
            var line = Current.Line;
            if (SkipOperator("."))
                value = Current is { Kind: TokenKind.Literal, Value: long index }
                    ? new IndexExpression(value, new LiteralExpression(SkipLiteral(index), line), line)
                    : new MemberExpression(value, ExpectName(), line);
            else if (SkipOperator("["))
                value = ParseIndex(value, line);
            else if (SkipOperator("("))
                value = new CallExpression(value, ParseArguments(), line);
            else
                return value;
        }
    }

    private long SkipLiteral(long value)
    {
        _position++;
        return value;
    }

    private Expression ParseIndex(Expression target, int line)
    {
        Expression? start = null;
        if (!IsOperator(":"))
        {
            start = ParseExpression();
            if (SkipOperator("]"))
                return new IndexExpression(target, start, line);
            if (IsOperator(","))
                throw new TemplateException("an index of several parts is not supported in templates", line);
        }

        ExpectOperator(":");
        var stop = IsOperator(":") || IsOperator("]") ? null : ParseExpression();
        var step = SkipOperator(":") && !IsOperator("]") ? ParseExpression() : null;
        ExpectOperator("]");
        return new SliceExpression(target, start, stop, step, line);
    }

    /// <summary>Arguments behind the opening bracket, the closing one included.</summary>
    private ArgumentList ParseArguments()
    {
        if (SkipOperator(")"))
            return ArgumentList.Empty;
        var positional = new List<Expression>();
        var named = new List<(string, Expression)>();
        Expression? spread = null;
        Expression? namedSpread = null;
        do
        {
            if (IsOperator(")"))
                break;
            if (spread is null && namedSpread is null && SkipOperator("*"))
                spread = ParseExpression();
            else if (namedSpread is null && SkipOperator("**"))
                namedSpread = ParseExpression();
            else if (namedSpread is null && Current.Kind == TokenKind.Name && _tokens[_position + 1] is { Kind: TokenKind.Operator, Text: "=" })
            {
                var name = Read().Text;
                _position++;
                named.Add((name, ParseExpression()));
            }
            else if (named.Count == 0 && spread is null && namedSpread is null)
                positional.Add(ParseExpression());
            else
                throw Unexpected("the end of the call");
        }
        while (SkipOperator(","));
        ExpectOperator(")");
        return new ArgumentList(positional, named, spread, namedSpread);
    }

    private Expression ParseFiltersAndTests(Expression value)
    {
        while (true)
        {
            var line = Current.Line;
            if (SkipOperator("|"))
                value = ParseFilter(value, line);
            else if (SkipName("is"))
                value = ParseTest(value, line);
            else if (SkipOperator("("))
                value = new CallExpression(value, ParseArguments(), line);
            else
                return value;
        }
    }

    private FilterExpression ParseFilter(Expression? input, int line)
    {
        var name = ParseDottedName();
        return new FilterExpression(input, name, SkipOperator("(") ? ParseArguments() : ArgumentList.Empty, line);
    }

    /// <summary>Filters in a row; the first without <c>|</c> where it opens a filter block.</summary>
    private List<FilterExpression> ParseFilters(bool first = false)
    {
        var filters = new List<FilterExpression>();
        while (first || SkipOperator("|"))
        {
            filters.Add(ParseFilter(null, Current.Line));
            first = false;
        }

        return filters;
    }

    private string ParseDottedName()
    {
        var name = ExpectName();
        while (SkipOperator("."))
            name += "." + ExpectName();
        return name;
    }

    private TestExpression ParseTest(Expression input, int line)
    {
        var isNegated = SkipName("not");
        var name = ParseDottedName();
        var arguments = ArgumentList.Empty;
        if (SkipOperator("("))
        {
            arguments = ParseArguments();
        }
        else if (Current.Kind == TokenKind.Literal || IsOperator("(") || IsOperator("[") || IsOperator("{")
            || (Current.Kind == TokenKind.Name && Current.Text is not ("else" or "or" or "and")))
        {
            // Names of operators that may follow a test (`if`, `in`, `not`) count as an argument in Jinja too, so they must not follow.
            if (IsName("is"))
                throw new TemplateException("tests cannot be chained with 'is'", line);
            if (Current.Kind != TokenKind.Name || Current.Text is not ("if" or "in" or "not" or "recursive"))
                arguments = new ArgumentList([ParsePostfix(ParsePrimary())], [], null, null);
        }

        return new TestExpression(input, name, arguments, isNegated, line);
    }
}
