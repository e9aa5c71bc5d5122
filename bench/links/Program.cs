using Microsoft.Extensions.DependencyInjection;
using Mycel.Bench.Links;

// Members of a network, in one process: each has an identity, links and records of its own, and is linked with the inviting node alone.
if (args is not [var token, var wanted] || !int.TryParse(wanted, out var count) || count is < 1 or > 1000)
{
    await Console.Error.WriteLineAsync("usage: links-bench TOKEN COUNT");
    return 2;
}

var folder = Directory.CreateTempSubdirectory("mycel-links-bench-");
List<ServiceProvider> members = [];
try
{
    for (var i = 0; i < count; i++) members.Add(await Member.JoinAsync(Path.Combine(folder.FullName, $"{i}"), token));
    Console.WriteLine($"{count} linked");
    await Console.In.ReadToEndAsync();
}
finally
{
    foreach (var member in members) await member.DisposeAsync();
    folder.Delete(recursive: true);
}
return 0;
