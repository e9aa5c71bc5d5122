using System.Diagnostics;
using Mycel.EngineBench;
using Mycel.Llama;
using Mycel.Llama.Remote;

// enginebench inprocess MODEL LIBRARIES THREADS SLOTS USERS REQUESTS TOKENS CONTEXT
// enginebench child MYCEL.DLL, then as inprocess: the same through the child process and its pipes
// enginebench http URL MODEL-NAME USERS REQUESTS TOKENS
// enginebench prefix-http URL MODEL-NAME USERS ROUNDS
// Each prints one line of numbers, name=value.
switch (args)
{
    case ["inprocess", var model, var libraries, var threads, var slots, var users, var requests, var tokens, var context]:
        await using (var engine = Load(model, libraries, threads, slots, context))
        {
            await new Workload(new InProcessTarget(engine)).RunAsync(int.Parse(users), int.Parse(requests), int.Parse(tokens));
            var s = engine.ReadStatistics();
            Console.WriteLine($" overhead_percent={100 * (s.StepTime - s.DecodeTime) / s.StepTime:0.00} steps={s.Steps}");
        }
        return 0;
    case ["child", var program, var model, var libraries, var threads, var slots, var users, var requests, var tokens, var context]:
        using (var child = Process.Start(new ProcessStartInfo("dotnet", [program, "engine-host"]) { RedirectStandardInput = true, RedirectStandardOutput = true })!)
        await using (var engine = await RemoteEngine.LoadAsync(child.StandardOutput.BaseStream, child.StandardInput.BaseStream, Options(model, libraries, threads, slots, context), null, CancellationToken.None))
        {
            await new Workload(new InProcessTarget(engine)).RunAsync(int.Parse(users), int.Parse(requests), int.Parse(tokens));
            Console.WriteLine();
        }
        return 0;
    case ["http", var url, var name, var users, var requests, var tokens]:
        using (var target = new HttpTarget(url, name))
        {
            await new Workload(target).RunAsync(int.Parse(users), int.Parse(requests), int.Parse(tokens));
            Console.WriteLine();
        }
        return 0;
    case ["prefix-http", var url, var name, var users, var rounds]:
        using (var target = new HttpTarget(url, name)) await SharedPrefix.RunAsync(target, int.Parse(users), int.Parse(rounds));
        return 0;
    default:
        Console.Error.WriteLine("See bench/engine/Program.cs for the arguments; bench/engine/run calls it.");
        return 2;
}

static LlamaEngine Load(string model, string libraries, string threads, string slots, string context) => LlamaEngine.Load(Options(model, libraries, threads, slots, context));

static EngineOptions Options(string model, string libraries, string threads, string slots, string context) => new()
{
    ModelPath = model,
    LibraryFolder = libraries,
    Threads = int.Parse(threads),
    Slots = int.Parse(slots),
    ContextLength = int.Parse(context),
    CacheCells = int.Parse(context) * int.Parse(slots),
};

