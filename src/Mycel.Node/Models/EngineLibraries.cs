using System.Runtime.InteropServices;
using Mycel.Llama.Native;
using Mycel.Node.Configuration;

namespace Mycel.Node.Models;

/// <summary>Finds the folder with llama.cpp's libraries for the backend that the settings ask for.</summary>
internal static class EngineLibraries
{
    /// <summary>The folder beside the program with one folder a backend.</summary>
    public static string Beside { get; } = Path.Combine(AppContext.BaseDirectory, "llama");

    /// <summary>The folder to load from.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="avoidGpu">Whether a GPU's libraries have failed, so that the processor's are to be taken where the settings leave the choice.</param>
    /// <exception cref="ModelException">The libraries are not there.</exception>
    public static string Find(LocalEngineOptions options, bool avoidGpu)
    {
        if (options.Libraries.Length > 0)
            return HasLibraries(options.Libraries) ? options.Libraries : throw Missing($"The folder {options.Libraries} (engine.libraries) has no llama.cpp libraries.");
        if (options.Backend != "auto") return Named(options.Backend);
        if (!avoidGpu && HasLibraries(Folder("cuda")) && CanLoad("libcuda.so.1", "nvcuda") && CanLoad("libcudart.so.13", "cudart64_13")) return Folder("cuda");
        if (!avoidGpu && HasLibraries(Folder("vulkan")) && CanLoad("libvulkan.so.1", "vulkan-1")) return Folder("vulkan");
        return Named("cpu");
    }

    private static string Named(string backend)
    {
        // On a Mac the ordinary libraries compute on its GPU.
        var folder = Folder(backend == "metal" ? "cpu" : backend);
        if (HasLibraries(folder)) return folder;
        throw Missing(backend is "cpu" or "metal"
            ? $"llama.cpp's libraries are not in {folder}. From a checkout, ./mycel restores them where npm is installed; otherwise name their folder with engine.libraries."
            : $"llama.cpp's libraries for {backend} are not in {folder}. From a checkout, restore them with: eng/llama-libraries {backend}");
    }

    private static ModelException Missing(string message) => new(503, "engine_unavailable", message);

    private static string Folder(string backend) => Path.Combine(Beside, backend);

    private static bool HasLibraries(string folder) => LlamaRuntime.FindLibrary(folder, "llama") is not null;

    /// <summary>Whether the system has a driver's library; it is not kept loaded.</summary>
    private static bool CanLoad(string linuxName, string windowsName)
    {
        if (!NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? windowsName : linuxName, out var library)) return false;
        NativeLibrary.Free(library);
        return true;
    }
}
