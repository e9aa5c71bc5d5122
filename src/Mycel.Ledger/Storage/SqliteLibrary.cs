#if OLD_SQLITE_PACKAGE
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
#endif

namespace Mycel.Ledger.Storage;

/// <summary>
/// Makes SQLite ready. Built with SQLitePCLRaw 2.0.6 (some feeds have none that is newer), EF Core's provider is handed that assembly under the newer
/// version that it names, and the system's SQLite is used where it is newer than the package's 3.35.5. Built with any other version of the package
/// (the MSBuild property <c>SqliteRawVersion</c>), this does nothing.
/// </summary>
internal static class SqliteLibrary
{
#if OLD_SQLITE_PACKAGE
    private const int PackagedVersion = 3_035_005;

    private static readonly Lock OneAtATime = new();
    private static bool _isReady;

    /// <summary>Must come before the first use of Microsoft.Data.Sqlite in the process; does nothing after the first call.</summary>
    public static void Prepare()
    {
        lock (OneAtATime)
        {
            if (_isReady) return;
            _isReady = true;
            AssemblyLoadContext.Default.Resolving += static (_, name) => name.Name == "SQLitePCLRaw.core" ? typeof(SQLitePCL.raw).Assembly : null;
            Assembly provider = typeof(SQLitePCL.SQLite3Provider_e_sqlite3).Assembly;
            NativeLibrary.SetDllImportResolver(provider, static (name, assembly, path) =>
            {
                if (name != "e_sqlite3") return 0;
                return FindNewer() is { } newer ? newer : NativeLibrary.Load(name, assembly, path);
            });
            SQLitePCL.Batteries_V2.Init();
        }
    }

    private static unsafe nint? FindNewer()
    {
        if (!OperatingSystem.IsLinux() || !NativeLibrary.TryLoad("libsqlite3.so.0", out nint library)) return null;
        if (NativeLibrary.TryGetExport(library, "sqlite3_libversion_number", out nint version) && ((delegate* unmanaged<int>)version)() >= PackagedVersion)
            return library;
        NativeLibrary.Free(library);
        return null;
    }
#else
    /// <summary>Nothing to do: the package's own start-up fits.</summary>
    public static void Prepare()
    {
    }
#endif
}
