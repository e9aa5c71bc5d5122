using System.Globalization;
using System.Text.Json;
using Mycel.Llama.Grammar;

namespace Mycel.Llama.Tests.Grammar;

public sealed class NumberBoundsTests
{
    private static Gbnf? Grammar(string schema)
    {
        using JsonDocument document = JsonDocument.Parse(schema);
        try
        {
            return Gbnf.Parse(JsonSchemaGrammar.FromSchema(document.RootElement));
        }
        catch (GrammarException e) when (e.Message.Contains("No number", StringComparison.Ordinal))
        {
            return null;
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Whole_numbers_are_exactly_those_between_the_bounds(int seed)
    {
        Random random = new(seed);
        for (int round = 0; round < 150; round++)
        {
            int size = (int)Math.Pow(10, random.Next(1, 5));
            long? min = random.Next(4) == 0 ? null : random.Next(-size, size);
            long? max = random.Next(4) == 0 ? null : random.Next(-size, size);
            bool isExclusive = random.Next(2) == 0;
            string schema = "{\"type\":\"integer\"" + (min is null ? "" : $",\"{(isExclusive ? "exclusiveMinimum" : "minimum")}\":{min}") + (max is null ? "" : $",\"maximum\":{max}") + "}";
            Gbnf? grammar = Grammar(schema);
            HashSet<long> candidates = [.. Enumerable.Range(-12, 25).Select(i => (long)i), .. new[] { min, max }.OfType<long>().SelectMany(b => Enumerable.Range(-3, 7).Select(i => b + i)),
                .. Enumerable.Range(0, 30).Select(_ => (long)random.Next(-2 * size, 2 * size)), 999_999_999_999_999, -999_999_999_999_999];
            foreach (long number in candidates)
            {
                bool isWithin = (min is null || (isExclusive ? number > min : number >= min)) && (max is null || number <= max);
                Assert.True(isWithin == (grammar?.Accepts(number.ToString(CultureInfo.InvariantCulture)) ?? false), $"{schema}: {number} must be {(isWithin ? "accepted" : "rejected")}");
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Numbers_are_exactly_those_between_the_bounds(int seed)
    {
        Random random = new(seed);
        for (int round = 0; round < 200; round++)
        {
            decimal Bound() => Math.Round((decimal)(random.NextDouble() - 0.5) * (decimal)Math.Pow(10, random.Next(0, 4)), random.Next(0, 5));
            decimal? min = random.Next(4) == 0 ? null : Bound();
            decimal? max = random.Next(4) == 0 ? null : Bound();
            if (min is null && max is null)
                continue;
            bool excludesMin = random.Next(2) == 0;
            bool excludesMax = random.Next(2) == 0;
            string schema = "{\"type\":\"number\"" + (min is null ? "" : $",\"{(excludesMin ? "exclusiveMinimum" : "minimum")}\":{Text(min.Value)}") + (max is null ? "" : $",\"{(excludesMax ? "exclusiveMaximum" : "maximum")}\":{Text(max.Value)}") + "}";
            Gbnf? grammar = Grammar(schema);
            List<decimal> candidates = [0, 1, -1, 0.5m, -0.5m, 10, -10, 12345.678m];
            foreach (decimal bound in new[] { min, max }.OfType<decimal>())
                candidates.AddRange([bound, bound + 0.00001m, bound - 0.00001m, bound + 0.1m, bound - 0.1m, bound + 1, bound - 1, decimal.Truncate(bound)]);
            for (int i = 0; i < 30; i++)
                candidates.Add(Bound());
            foreach (decimal number in candidates)
            {
                bool isWithin = (min is null || (excludesMin ? number > min : number >= min)) && (max is null || (excludesMax ? number < max : number <= max));
                Assert.True(isWithin == (grammar?.Accepts(Text(number)) ?? false), $"{schema}: {Text(number)} must be {(isWithin ? "accepted" : "rejected")}");
                if (number != 0)
                    Assert.True(isWithin == (grammar?.Accepts(Text(number) + (decimal.Truncate(number) == number ? ".000" : "00")) ?? false), $"{schema}: {Text(number)} with zeros");
            }
        }
    }

    private static string Text(decimal number) => number.ToString("0.##########", CultureInfo.InvariantCulture);

    [Theory]
    [InlineData("""{"type":"number","multipleOf":0.01}""", "1.25\n-3.1\n7\n0.05", "1.255\n1e3")]
    [InlineData("""{"type":"number","multipleOf":0.01,"minimum":0,"maximum":1}""", "0\n0.25\n1\n1.00", "1.01\n0.255\n-0.1")]
    [InlineData("""{"type":"number","multipleOf":1}""", "5\n-5", "5.5")]
    [InlineData("""{"type":"integer","minimum":0.5,"maximum":2.5}""", "1\n2", "0\n3")]
    [InlineData("""{"type":"integer","minimum":1,"exclusiveMinimum":true}""", "2", "1\n0")]
    [InlineData("""{"type":"integer","minimum":-1e300,"maximum":1e300}""", "5\n-5", "x")]
    [InlineData("""{"type":"number","exclusiveMinimum":0}""", "0.1\n1\n0.0000000000000001", "0\n0.0\n-1\n-0.5")]
    [InlineData("""{"minimum":3}""", "3\n3.5\n100", "2\n2.99\n-4")]
    public void Special_bounds(string schema, string accepted, string rejected)
    {
        Gbnf grammar = Grammar(schema)!;
        foreach (string text in accepted.Split('\n'))
            Assert.True(grammar.Accepts(text), $"{schema} must accept {text}");
        foreach (string text in rejected.Split('\n'))
            Assert.False(grammar.Accepts(text), $"{schema} must reject {text}");
    }
}
