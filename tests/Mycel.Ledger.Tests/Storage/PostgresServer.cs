using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Npgsql;

[assembly: AssemblyFixture(typeof(Mycel.Ledger.Tests.Storage.PostgresServer))]

namespace Mycel.Ledger.Tests.Storage;

/// <summary>A PostgreSQL of the tests' own, started at the first question and gone with them. Its data is in a temporary folder, its port on this machine only.</summary>
public sealed class PostgresServer : IDisposable
{
    private readonly Lock _oneAtATime = new();
    private string? _folder;
    private string? _why;
    private int _port;
    private int _databases;

    /// <summary>A new, empty database; the test is skipped, with the reason, where this machine has no PostgreSQL.</summary>
    public string NewDatabase()
    {
        lock (_oneAtATime)
        {
            if (_folder is null && _why is null) Start();
            Assert.SkipWhen(_why is not null, _why ?? "");
            string name = $"ledger{_databases++}";
            using var connection = new NpgsqlConnection(ConnectionTo("postgres"));
            connection.Open();
            using var command = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
            command.ExecuteNonQuery();
            return ConnectionTo(name);
        }
    }

    public void Dispose()
    {
        if (_folder is null) return;
        NpgsqlConnection.ClearAllPools();
        RunAsPostgres("pg_ctl", "stop", "-D", Path.Combine(_folder, "data"), "-m", "immediate", "-w");
        Directory.Delete(_folder, recursive: true);
    }

    private string ConnectionTo(string database) => $"Host=127.0.0.1;Port={_port};Username=postgres;Database={database};Include Error Detail=true";

    private void Start()
    {
        if (Find("initdb") is null || Find("pg_ctl") is null)
        {
            _why = "PostgreSQL is not tried: initdb and pg_ctl are not on PATH (Debian: apt-get install postgresql, and add /usr/lib/postgresql/15/bin to PATH).";
            return;
        }

        if (Environment.IsPrivilegedProcess && (Find("setpriv") is null || Run("id", "postgres") is not null))
        {
            _why = "PostgreSQL is not tried: it refuses to run as root, and there is no setpriv or no user postgres to run it as.";
            return;
        }

        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            _port = ((IPEndPoint)probe.LocalEndpoint).Port;
        }

        string folder = Directory.CreateTempSubdirectory("mycel-postgres-").FullName, data = Path.Combine(folder, "data");
        if (Environment.IsPrivilegedProcess) Assert.Null(Run("chown", "postgres", folder));
        string? problem = RunAsPostgres("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C")
            ?? RunAsPostgres("pg_ctl", "start", "-w", "-D", data, "-l", Path.Combine(folder, "log"),
                "-o", $"-c listen_addresses=127.0.0.1 -c port={_port} -c unix_socket_directories={folder} -c max_connections=200");
        if (problem is null)
        {
            _folder = folder;
            return;
        }

        _why = $"PostgreSQL is not tried: it does not start here. {problem}";
        Directory.Delete(folder, recursive: true);
    }

    private static string? RunAsPostgres(string program, params string[] arguments)
        => Environment.IsPrivilegedProcess ? Run("setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", program, .. arguments]) : Run(program, arguments);

    /// <summary>Null where it went well, what it said otherwise.</summary>
    private static string? Run(string program, params string[] arguments)
    {
        // To a file: the server that pg_ctl leaves behind would hold a pipe open.
        string log = Path.GetTempFileName();
        try
        {
            var start = new ProcessStartInfo("/bin/sh", ["-c", "log=$1; shift; exec \"$@\" >\"$log\" 2>&1 </dev/null", "sh", log, program, .. arguments]) { WorkingDirectory = "/" };
            using Process process = Process.Start(start)!;
            process.WaitForExit();
            return process.ExitCode == 0 ? null : $"{program}: {File.ReadAllText(log).Trim()}";
        }
        finally
        {
            File.Delete(log);
        }
    }

    private static string? Find(string program)
        => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}
