import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The version of the Bicep CLI that makes snapshots and formats files. dev/bicep/bicep.csproj has it too. */
export const bicepVersion = '0.49.2';

const root = fileURLToPath(new URL('..', import.meta.url));
const packages = `${root}artifacts/bicep`;

/**
 * Finds the Bicep CLI of exactly {@link bicepVersion}: on the PATH, or from NuGet. The one from NuGet is kept in
 * `artifacts`, so it is downloaded once.
 *
 * @returns the path of the CLI, or why there is none
 */
export function bicepCli(): { readonly path: string } | { readonly missing: string } {
  const installed = versionOf('bicep');
  if (installed === bicepVersion) return { path: 'bicep' };
  const platform = platformName();
  if (platform === undefined) return { missing: `there is no Bicep CLI for ${process.platform} ${process.arch}` };
  const path = `${packages}/azure.bicep.commandline.${platform}/${bicepVersion}/tools/bicep${process.platform === 'win32' ? '.exe' : ''}`;
  if (existsSync(path)) return { path };
  const restore = spawnSync(
    'dotnet',
    [
      ...['restore', `${root}dev/bicep/bicep.csproj`, '--packages', packages],
      ...[`-p:BicepPlatform=${platform}`, `-p:BaseIntermediateOutputPath=${packages}/obj/`],
    ],
    { encoding: 'utf8', env: { ...process.env, DOTNET_CLI_TELEMETRY_OPTOUT: '1', DOTNET_NOLOGO: '1' } },
  );
  if (restore.error) return { missing: `bicep ${bicepVersion} is not on the PATH, nor is dotnet, which brings it` };
  if (restore.status === 0 && existsSync(path)) return { path };
  return { missing: `dotnet restore did not bring the Bicep CLI: ${restore.stdout}${restore.stderr}`.trim() };
}

function versionOf(command: string): string | undefined {
  const { stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
  return /version (\d+\.\d+\.\d+)/.exec(stdout ?? '')?.[1];
}

/** This platform, as the names of the NuGet packages have it. */
function platformName(): string | undefined {
  const system = { linux: 'linux', darwin: 'osx', win32: 'win' }[process.platform as string];
  const arch = { x64: 'x64', arm64: 'arm64' }[process.arch as string];
  return system === undefined || arch === undefined ? undefined : `${system}-${arch}`;
}
