using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Mycel.Bench.Dht;
using Mycel.Dht;
using Mycel.Identity;

// dht-bench NODES LOOKUPS
// Makes a network of NODES in this process, publishes providers and looks them up LOOKUPS times, one by one and sixteen at once. Prints a JSON object.
const int Models = 50;
const int WarmUp = 200;

if (args.Length != 2)
{
    Console.Error.WriteLine("dht-bench NODES LOOKUPS");
    return 2;
}

int nodes = int.Parse(args[0], CultureInfo.InvariantCulture), lookups = int.Parse(args[1], CultureInfo.InvariantCulture);
var network = new LocalNetwork();
var figures = new Dictionary<string, double>();
long start = Stopwatch.GetTimestamp();
network.Join(nodes);
figures["join_ms"] = Stopwatch.GetElapsedTime(start).TotalMilliseconds / nodes;
figures["join_kb"] = network.BytesSent / 1000.0 / nodes;
network.Age();
using DeviceKey device = NewDevice();
DhtKey[] keys = [.. Enumerable.Range(0, Models).Select(Publish)];
Measure(WarmUp, 1);
Measure(lookups, 1, "alone");
Measure(lookups, 16, "sixteen");
figures["memory_mb"] = GC.GetTotalMemory(forceFullCollection: true) / 1e6;
Console.WriteLine(JsonSerializer.Serialize(figures));
return 0;

DhtKey Publish(int number)
{
    var of = new NetworkId(device.PeerId);
    string model = $"model-{number}";
    DhtAddress.TryParse("198.51.100.7:8421", out DhtAddress address);
    DhtKey key = DhtKey.OfProviders(of, model);
    bool isDone = false;
    network.Nodes[Random.Shared.Next(nodes)].TryPublish(
        key, () => DhtRecord.SignProvider(device, 1, DateTimeOffset.UtcNow.AddHours(4), [address], of, model), _ => isDone = true);
    network.Deliver(() => isDone);
    return key;
}

void Measure(int count, int atOnce, string? name = null)
{
    var times = new List<double>(count);
    (long bytes, long messages) = (network.BytesSent, network.MessagesSent);
    TimeSpan cpu = Process.GetCurrentProcess().TotalProcessorTime;
    int begun = 0, missed = 0;
    long questions = 0, from = Stopwatch.GetTimestamp();
    while (times.Count < count)
    {
        for (; begun < count && begun - times.Count < atOnce; begun++)
        {
            long at = Stopwatch.GetTimestamp();
            network.Nodes[Random.Shared.Next(nodes)].TryFindRecords(keys[begun % Models], result =>
            {
                times.Add(Stopwatch.GetElapsedTime(at).TotalMilliseconds);
                questions += result.Questions;
                missed += result.Records.Count == 0 ? 1 : 0;
            });
        }

        int ended = times.Count;
        network.Deliver(() => times.Count > ended);
    }

    if (name is null)
        return;
    times.Sort();
    figures[name + "_per_s"] = count / Stopwatch.GetElapsedTime(from).TotalSeconds;
    figures[name + "_cpu_us"] = (Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalMicroseconds / count;
    figures[name + "_p50_ms"] = times[count / 2];
    figures[name + "_p99_ms"] = times[count * 99 / 100];
    figures[name + "_kb"] = (network.BytesSent - bytes) / 1000.0 / count;
    figures[name + "_messages"] = (double)(network.MessagesSent - messages) / count;
    figures[name + "_questions"] = (double)questions / count;
    figures[name + "_missed"] = missed;
}

static DeviceKey NewDevice()
{
    DirectoryInfo folder = Directory.CreateTempSubdirectory("mycel-bench-");
    DeviceKey device = DeviceKey.LoadOrCreate(folder.FullName);
    folder.Delete(recursive: true);
    return device;
}
