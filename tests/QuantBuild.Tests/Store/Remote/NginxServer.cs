namespace QuantBuild.Tests.Store.Remote;

/// <summary>A real nginx for a test, which is skipped where there is none.</summary>
internal sealed class NginxServer : NginxProcess
{
    public NginxServer(string rules = "", string? files = null,
        string limits = "client_max_body_size 0; limit_except GET PUT { deny all; }")
        : base(Installed(rules), files, limits)
    {
    }

    private static string Installed(string rules)
    {
        Assert.SkipUnless(Program is not null, "the program nginx is not on this machine: apt-get install nginx-light");
        return rules;
    }
}
