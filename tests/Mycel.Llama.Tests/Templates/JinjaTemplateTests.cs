using System.Text.Json;
using Mycel.Llama.Templates;

namespace Mycel.Llama.Tests.Templates;

public sealed class JinjaTemplateTests
{
    private static readonly FixedTime Time = new();

    /// <summary>Snippets of all that templates may use, with what jinja2 makes of them (null where it refuses).</summary>
    public static TheoryData<string, string?> Snippets()
    {
        var data = new TheoryData<string, string?>();
        var file = Path.Combine(AppContext.BaseDirectory, "Templates", "snippets.json");
        foreach (var snippet in JsonDocument.Parse(File.ReadAllText(file)).RootElement.EnumerateArray())
            data.Add(snippet.GetProperty("template").GetString()!, snippet.GetProperty("text").GetString());
        return data;
    }

    [Theory]
    [MemberData(nameof(Snippets))]
    public void A_snippet_renders_as_in_jinja2(string template, string? expected)
    {
        var values = JsonDocument.Parse("""
            {"messages":[{"role":"system","content":"S"},{"role":"user","content":"U"}],"big":12345678901234567890123,"flt":1e22}
            """).RootElement.EnumerateObject().ToDictionary(property => property.Name, property => (object?)property.Value, StringComparer.Ordinal);
        if (expected is null)
            Assert.Throws<TemplateException>(() => JinjaTemplate.Parse(template).Render(values, Time));
        else
            Assert.Equal(expected, JinjaTemplate.Parse(template).Render(values, Time));
    }

    [Fact]
    public void A_templates_own_refusal_carries_its_message()
    {
        var template = JinjaTemplate.Parse("\n{{ raise_exception('Roles must alternate') }}");
        var error = Assert.Throws<TemplateException>(() => Render(template));
        Assert.True(error.IsRefusal);
        Assert.Equal("Roles must alternate", error.Message);
    }

    [Fact]
    public void An_error_names_its_line()
    {
        Assert.Equal(3, Assert.Throws<TemplateException>(() => JinjaTemplate.Parse("a\nb\n{% endif %}")).Line);
        Assert.Equal(2, Assert.Throws<TemplateException>(() => Render(JinjaTemplate.Parse("a\n{{ x.y }}"))).Line);
    }

    [Theory]
    [InlineData("{% import 'x' as y %}")]
    [InlineData("{% extends 'x' %}")]
    [InlineData("{% block a %}{% endblock %}")]
    [InlineData("{% for i in [] recursive %}{% endfor %}")]
    [InlineData("{{ cycler(1) }}")]
    [InlineData("{{ 'x'.encode() }}")]
    [InlineData("{{ '%(a)s' % {'a': 1} }}")]
    public void What_is_not_supported_is_refused(string template) =>
        Assert.Throws<TemplateException>(() => Render(JinjaTemplate.Parse(template)));

    [Theory]
    [InlineData("{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}")]
    [InlineData("{% set ns = namespace(x='aaaaaaaaaaaaaaaa') %}{% for i in range(64) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for i in range(64) %}{% set ns.x = ns.x + ns.x %}{% endfor %}")]
    [InlineData("{{ 'a' * 9000000000 }}")]
    [InlineData("{{ 9223372036854775807 * 2 }}")]
    [InlineData("{{ (2 ** 62) ** 99999999 }}")]
    [InlineData("{{ [[]] * 99999999999 }}")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")]
    [InlineData("{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}")]
    [InlineData("{% set ns = namespace(x=[]) %}{% for i in range(100000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}")]
    [InlineData("{% set ns = namespace(x=[]) %}{% for i in range(100000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x|tojson }}")]
    [InlineData("{% set a = [] %}{% set _ = a.append(a) %}{{ a }}")]
    [InlineData("{% set a = [] %}{% set _ = a.append(a) %}{{ a|tojson }}")]
    [InlineData("{% set a = [] %}{% set _ = a.append(a) %}{% set b = [a] %}{{ a == b }}")]
    [InlineData("{% set x = 'a' * 2000000 %}{{ ('a' * 1000 ~ 'b' ~ 'a' * 1000) in x }}{{ x.split('a' * 100000 ~ 'b') }}")]
    [InlineData("{% set x = 'aa' * 10000000 %}{{ x.replace('a', x) }}")]
    [InlineData("{{ range(1000000) }}")]
    [InlineData("{{ 'x'|indent(999999999) }}")]
    [InlineData("{{ '%999999999d' % 1 }}")]
    [InlineData("{{ '{:>999999999}'.format(1) }}")]
    [InlineData("{{ [1]|batch(999999999, 'x')|list }}")]
    [InlineData("{{ 'x'.ljust(9999999999) }}")]
    [InlineData("{{ [1,2,3]|tojson(indent=999999999) ~ 'x'.zfill(99999999999) }}")]
    [InlineData("{% set a = [1, 2] %}{% for i in a|map('string') %}{% set _ = a.append(i) %}{% endfor %}{{ a|length }}{% set x = a|map('upper') %}{% for i in x %}{% set _ = a.append(1) %}{% endfor %}{{ 'z' * 99999999999 }}")]
    public void A_hostile_template_ends_with_an_error(string template) =>
        Assert.Throws<TemplateException>(() => Render(JinjaTemplate.Parse(template)));

    [Theory]
    [InlineData("(", ")")]
    [InlineData("[", "]")]
    [InlineData("{'a':", "}")]
    [InlineData("not ", "")]
    [InlineData("-", "")]
    [InlineData("x if ", " else 1")]
    [InlineData("1 + ", "")]
    [InlineData("'a' ~ ", "")]
    [InlineData("x.", "")]
    [InlineData("x|default(", ")")]
    public void Deep_nesting_is_an_error_and_no_crash(string open, string close)
    {
        var source = "{{ " + string.Concat(Enumerable.Repeat(open, 40_000)) + "x" + string.Concat(Enumerable.Repeat(close, 40_000)) + " }}";
        try
        {
            Render(JinjaTemplate.Parse(source));
        }
        catch (TemplateException)
        {
            // Some of these are within the bounds; none may end the process.
        }
    }

    [Fact]
    public void Deep_blocks_are_an_error_and_no_crash()
    {
        var source = string.Concat(Enumerable.Repeat("{% if true %}", 50_000)) + string.Concat(Enumerable.Repeat("{% endif %}", 50_000));
        Assert.Throws<TemplateException>(() => Render(JinjaTemplate.Parse(source)));
    }

    [Fact]
    public async Task One_template_renders_for_many_threads_at_once()
    {
        var template = JinjaTemplate.Parse("{% set ns = namespace(n=0) %}{% for i in range(count) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}");
        var sums = await Task.WhenAll(Enumerable.Range(0, 16).Select(count => Task.Run(() =>
            template.Render(new Dictionary<string, object?> { ["count"] = 100 * count }))));
        Assert.Equal(Enumerable.Range(0, 16).Select(count => (100L * count * ((100L * count) - 1) / 2).ToString(System.Globalization.CultureInfo.InvariantCulture)), sums);
    }

    [Fact]
    public void Half_a_character_is_refused()
    {
        var values = new Dictionary<string, object?> { ["x"] = JsonDocument.Parse("\"\\ud800\"").RootElement };
        Assert.Throws<TemplateException>(() => JinjaTemplate.Parse("{{ x }}").Render(values));
    }

    private static string Render(JinjaTemplate template) => template.Render(new Dictionary<string, object?>(), Time);

    private sealed class FixedTime : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => new(2026, 3, 5, 14, 7, 9, TimeSpan.Zero);
    }
}
