using System.Text;
using System.Text.Json;
using Mycel.Llama.Templates;

namespace Mycel.Llama.Tests.Templates;

/// <summary>Our renderer beside the reference, on the templates that llama.cpp ships.</summary>
public sealed class AgreementTests(ITestOutputHelper log)
{
    private const string Now = "2026-03-05T14:07:09";

    [Fact]
    public void Renders_llama_cpps_templates_as_the_reference_does()
    {
        var templates = TemplateCorpus.Read();
        var cases = ConversationCases.All;
        var (renderer, expected) = TemplateCorpus.Render(templates, [.. cases.Select(item => item.Values)], Now);

        var differences = new StringBuilder();
        var (renderable, agreeing, silent, compared) = (0, 0, 0, 0);
        foreach (var (name, source) in templates)
        {
            var reference = expected[name];
            var actual = Render(source, cases);
            compared += cases.Count;
            var wrong = Enumerable.Range(0, cases.Count).Where(index => !Agree(reference[index], actual[index])).ToList();
            if (reference.Any(result => result.Text is not null))
            {
                renderable++;
                agreeing += wrong.Count == 0 ? 1 : 0;
            }

            silent += wrong.Count(index => actual[index].Text is not null && reference[index].Text is not null);
            foreach (var index in wrong)
                differences.AppendLine(Describe(name, cases[index].Name, reference[index], actual[index]));
        }

        if (differences.Length > 0)
            log.WriteLine(differences.ToString());
        var summary = $"{agreeing} of {renderable} renderable templates ({templates.Count} in all) agree with {renderer} in all {cases.Count} cases; {compared} renderings compared.";
        log.WriteLine(summary);
        TestContext.Current.SendDiagnosticMessage(summary);
        Assert.True(templates.Count >= 60, $"only {templates.Count} templates were found");
        // The stand-in differs from jinja2 itself here and there; then only the share counts.
        Assert.True(silent == 0 || renderer != "jinja2", $"{summary}\n{differences}");
        Assert.True(agreeing >= 0.95 * renderable, $"{summary}\n{differences}");
    }

    private static bool Agree(Rendered expected, Rendered actual) => expected.Text == actual.Text;

    private static List<Rendered> Render(string source, IReadOnlyList<(string Name, JsonElement Values)> cases)
    {
        JinjaTemplate template;
        try
        {
            template = JinjaTemplate.Parse(source);
        }
        catch (TemplateException error)
        {
            return [.. cases.Select(_ => new Rendered(null, error.Message))];
        }

        var time = new FixedTime(DateTimeOffset.Parse(Now + "Z", System.Globalization.CultureInfo.InvariantCulture));
        return [.. cases.Select(item =>
        {
            try
            {
                var values = item.Values.EnumerateObject().ToDictionary(property => property.Name, property => (object?)property.Value, StringComparer.Ordinal);
                return new Rendered(template.Render(values, time), null);
            }
            catch (TemplateException error)
            {
                return new Rendered(null, $"line {error.Line}: {error.Message}");
            }
        })];
    }

    private static string Describe(string template, string name, Rendered expected, Rendered actual)
    {
        if (expected.Text is null || actual.Text is null)
            return $"{template} / {name}: reference {expected.Error ?? "rendered"}; here {actual.Error ?? "rendered"}";
        var place = expected.Text.Zip(actual.Text).TakeWhile(pair => pair.First == pair.Second).Count();
        string Around(string text) => JsonSerializer.Serialize(text[Math.Max(0, place - 30)..Math.Min(text.Length, place + 40)]);
        return $"{template} / {name}: at {place} reference {Around(expected.Text)}; here {Around(actual.Text)}";
    }

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => now;
    }
}
