using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;

namespace Mycel.Llama.Tests.Templates;

/// <summary>
/// The chat templates that llama.cpp ships, and a renderer to compare with. They are fetched once through npm (see <c>Reference/</c>)
/// into <c>.build/</c>, and are no part of the repository. Where that cannot be done, tests that need them are skipped with the reason.
/// </summary>
internal static class TemplateCorpus
{
    private static readonly Lazy<(string? Folder, string Reason)> Corpus = new(() =>
    {
        try
        {
            return (Fetch(), "");
        }
        catch (Exception error) when (error is IOException or InvalidOperationException or System.ComponentModel.Win32Exception or UnauthorizedAccessException)
        {
            return (null, error.Message);
        }
    });

    private static string Root { get; } = FindRoot();

    private static string Reference => Path.Combine(Root, "tests", "Mycel.Llama.Tests", "Reference");

    /// <summary>All templates by name; skips the test where they cannot be had.</summary>
    public static IReadOnlyDictionary<string, string> Read()
    {
        var (folder, reason) = Corpus.Value;
        Assert.SkipWhen(folder is null, $"llama.cpp's chat templates cannot be fetched here: {reason}");
        return Directory.EnumerateFiles(Path.Combine(folder!, "templates"), "*.jinja").Order(StringComparer.Ordinal)
            .ToDictionary(file => Path.GetFileNameWithoutExtension(file), File.ReadAllText, StringComparer.Ordinal);
    }

    /// <summary>One template; skips the test where it cannot be had.</summary>
    public static string Read(string name) => Read()[name];

    /// <summary>What the reference makes of the templates; python's jinja2 where it is at hand, otherwise <c>@huggingface/jinja</c>.</summary>
    public static (string Renderer, IReadOnlyDictionary<string, IReadOnlyList<Rendered>> Results) Render(
        IReadOnlyDictionary<string, string> templates, IReadOnlyList<JsonElement> cases, string now)
    {
        var input = JsonSerializer.Serialize(new { now, templates, cases });
        var folder = Corpus.Value.Folder!;
        foreach (var python in new[] { "python3", "/usr/bin/python3" })
        {
            var (code, output) = Run(python, [Path.Combine(Reference, "render.py")], folder, input);
            if (code == 0)
                return ("jinja2", Parse(output));
        }

        File.Copy(Path.Combine(Reference, "render.mjs"), Path.Combine(folder, "render.mjs"), overwrite: true);
        var (exit, text) = Run("node", [Path.Combine(folder, "render.mjs")], folder, input);
        Assert.SkipWhen(exit != 0, "neither python3 with jinja2 nor node is at hand to compare with");
        return ("@huggingface/jinja", Parse(text));
    }

    private static Dictionary<string, IReadOnlyList<Rendered>> Parse(string output) =>
        JsonSerializer.Deserialize<Dictionary<string, IReadOnlyList<Rendered>>>(output, JsonSerializerOptions.Web)!;

    private static string Fetch()
    {
        var target = Path.Combine(Root, ".build", "chat-templates");
        var stamp = Path.Combine(target, "lock");
        var wanted = Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(Path.Combine(Reference, "package-lock.json"))));
        if (File.Exists(stamp) && File.ReadAllText(stamp) == wanted)
            return target;

        var work = target + "." + Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture);
        Directory.CreateDirectory(work);
        try
        {
            foreach (var name in new[] { "package.json", "package-lock.json", ".npmrc" })
                File.Copy(Path.Combine(Reference, name), Path.Combine(work, name), overwrite: true);
            Check("npm", ["ci", "--ignore-scripts", "--omit=optional"], work);
            Check("git", ["clone", "--quiet", "--no-checkout", "node_modules/node-llama-cpp/llama/gitRelease.bundle", "source"], work);
            Check("git", ["-C", "source", "checkout", "--quiet", "HEAD", "--", "models/templates"], work);
            Directory.Move(Path.Combine(work, "source", "models", "templates"), Path.Combine(work, "templates"));
            Directory.Delete(Path.Combine(work, "source"), recursive: true);
            Directory.Delete(Path.Combine(work, "node_modules", "node-llama-cpp"), recursive: true);
            File.WriteAllText(Path.Combine(work, "lock"), wanted);
            if (Directory.Exists(target))
                Directory.Delete(target, recursive: true);
            Directory.Move(work, target);
            return target;
        }
        finally
        {
            if (Directory.Exists(work))
                Directory.Delete(work, recursive: true);
        }
    }

    private static void Check(string program, string[] arguments, string folder)
    {
        var (code, output) = Run(program, arguments, folder, "");
        if (code != 0)
            throw new InvalidOperationException($"'{program} {string.Join(' ', arguments)}' failed with exit code {code}. {output[Math.Max(0, output.Length - 500)..]}");
    }

    /// <summary>Runs a program; its output is standard output, or standard error where it failed.</summary>
    private static (int Code, string Output) Run(string program, string[] arguments, string folder, string input)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new System.Text.UTF8Encoding(false),
            StandardOutputEncoding = new System.Text.UTF8Encoding(false),
        };
        start.Environment["PYTHONIOENCODING"] = "utf-8";
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            return (-1, error.Message);
        }

        using (process)
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEndAsync();
            try
            {
                process.StandardInput.Write(input);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It ended without reading; its exit code tells why.
            }

            if (!process.WaitForExit(TimeSpan.FromMinutes(5)))
            {
                process.Kill(entireProcessTree: true);
                return (-1, $"{program} took longer than five minutes");
            }

            return process.ExitCode == 0 ? (0, output.Result) : (process.ExitCode, error.Result);
        }
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Mycel.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new DirectoryNotFoundException($"Mycel.sln is in no folder above {AppContext.BaseDirectory}: run the tests from a checkout.");
    }
}

/// <summary>A rendering: a text, or why there is none.</summary>
internal sealed record Rendered(string? Text, string? Error);
