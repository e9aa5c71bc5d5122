using Mycel.Node.Configuration;
using Mycel.Node.Models.Pulling;

namespace Mycel.Node.Models;

/// <summary>Puts the models folder and what works on it among the services.</summary>
internal static class ModelServices
{
    /// <summary>Adds <see cref="ModelStore"/>, <see cref="ModelPuller"/> and <see cref="HubSearch"/>; their settings come from the <see cref="IOptionsSource"/> among the services.</summary>
    public static void AddModels(this IServiceCollection services)
    {
        services.AddSingleton(provider => new ModelStore(provider.GetRequiredService<IOptionsSource>().Current.Models.Dir));
        services.AddSingleton(provider =>
        {
            var options = provider.GetRequiredService<IOptionsSource>();
            return new PullTools
            {
                Store = provider.GetRequiredService<ModelStore>(),
                AllowPrivate = () => options.Current.Models.AllowPrivate,
                Hub = HubSettings.FromEnvironment(),
                Time = provider.GetRequiredService<TimeProvider>(),
            };
        });
        services.AddSingleton<ModelPuller>();
        services.AddSingleton<HubSearch>();
    }
}
