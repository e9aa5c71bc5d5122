using System.Xml;
using System.Xml.Linq;

namespace Mycel.Node.Tests.Architecture;

/// <summary>Checks what a project file refers to against <see cref="Arrows.OfProjects"/>.</summary>
internal static class ProjectArrows
{
    /// <summary>What is wrong with one project file, a sentence each.</summary>
    /// <param name="file">Path to name in the sentences; its file name is the project's name.</param>
    /// <param name="xml">Content of the file.</param>
    public static IEnumerable<string> Violations(string file, string xml)
    {
        string project = Path.GetFileNameWithoutExtension(file);
        if (!Arrows.OfProjects.TryGetValue(project, out string[]? allowed))
        {
            yield return $"{file}:1: {project} is not in the plan. Add it to {nameof(Arrows)}.{nameof(Arrows.OfProjects)} with what it may use.";
            yield break;
        }

        XElement root = XDocument.Parse(xml, LoadOptions.SetLineInfo).Root!;
        foreach (XElement reference in root.Descendants("ProjectReference"))
        {
            string target = Path.GetFileNameWithoutExtension(Include(reference).Replace('\\', '/'));
            if (!allowed.Contains(target))
                yield return Arrows.Against(file, LineOf(reference), project, target, allowed);
        }

        if (project == Arrows.WebProject)
            yield break;
        if (root.Attribute("Sdk")?.Value is { } sdk && sdk.StartsWith("Microsoft.NET.Sdk.", StringComparison.Ordinal))
            yield return $"{file}:{LineOf(root)}: {project} -> {sdk}: a library is built with Microsoft.NET.Sdk and knows no HTTP";
        foreach (XElement reference in root.Descendants().Where(e => e.Name.LocalName is "FrameworkReference" or "PackageReference"))
        {
            if (Include(reference).StartsWith("Microsoft.AspNetCore", StringComparison.OrdinalIgnoreCase))
                yield return $"{file}:{LineOf(reference)}: {project} -> {Include(reference)}: a library knows no HTTP";
        }
    }

    private static string Include(XElement reference) => reference.Attribute("Include")?.Value ?? "";

    private static int LineOf(XElement element) => ((IXmlLineInfo)element).LineNumber;
}
