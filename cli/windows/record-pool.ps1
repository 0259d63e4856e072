<#
.SYNOPSIS
Records the calls of the Windows pool, and writes them as event CSV for `lookaside replay` and
`lookaside advise`.

.DESCRIPTION
UNTRIED: this script was compiled and its structures were checked against public headers, but it was
never run on Windows. Please report what it does.

It needs an elevated PowerShell, on Windows 10 or newer, and installs nothing. In five lines:

  1. Start PowerShell as administrator, in this folder.
  2. Set-ExecutionPolicy -Scope Process Bypass
  3. .\record-pool.ps1 -Seconds 30 -Output pool.csv            # add -Tag Irp,Mdl for some tags only
  4. Do meanwhile what is to be recorded.
  5. lookaside advise pool.csv

Allocations that an existing lookaside list serves do not reach the pool: the recording has the
misses of such a list only. The size is the one that the event has; whether it is the size asked for
or the rounded one is not documented.

.PARAMETER Seconds
How long to record.

.PARAMETER Tag
At most four pool tags of four characters; all of them where none is named.

.PARAMETER Trace
A trace that exists already (.etl, recorded with the keyword Pool). Then nothing is recorded.

.PARAMETER Output
The event CSV to write. The grammar is in docs/recordings.md.
#>
[CmdletBinding()]
param(
  [ValidateRange(1, 3600)] [int] $Seconds = 30,
  [ValidateCount(0, 4)] [string[]] $Tag = @(),
  [string] $Trace = '',
  [string] $Output = 'pool.csv'
)

$ErrorActionPreference = 'Stop'

# Events of the pool are of the class PoolTrace, version 2: type, tag, bytes, address. ETW's structures
# are those of evntrace.h and evntcons.h.
Add-Type -TypeDefinition @'
using System;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;

public static class PoolTrace
{
    [StructLayout(LayoutKind.Sequential)]
    public struct EventHeader
    {
        public ushort Size, HeaderType, Flags, EventProperty;
        public uint ThreadId, ProcessId;
        public long TimeStamp;
        public Guid ProviderId;
        public ushort Id;
        public byte Version, Channel, Level, Opcode;
        public ushort Task;
        public ulong Keyword, ProcessorTime;
        public Guid ActivityId;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct EventRecord
    {
        public EventHeader Header;
        public byte ProcessorNumber, Alignment;
        public ushort LoggerId, ExtendedDataCount, UserDataLength;
        public IntPtr ExtendedData, UserData, UserContext;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct EventTraceHeader
    {
        public ushort Size, FieldTypeFlags;
        public uint Version, ThreadId, ProcessId;
        public long TimeStamp;
        public Guid Class;
        public ulong ProcessorTime;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct EventTrace
    {
        public EventTraceHeader Header;
        public uint InstanceId, ParentInstanceId;
        public Guid ParentClass;
        public IntPtr MofData;
        public uint MofLength, ClientContext;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct LogfileHeader
    {
        public uint BufferSize, Version, ProviderVersion, NumberOfProcessors;
        public long EndTime;
        public uint TimerResolution, MaximumFileSize, LogFileMode, BuffersWritten;
        public uint StartBuffers, PointerSize, EventsLost, CpuSpeedInMHz;
        public IntPtr LoggerName, LogFileName;
        [MarshalAs(UnmanagedType.ByValArray, SizeConst = 172)] public byte[] TimeZone;
        public long BootTime, PerfFreq, StartTime;
        public uint ReservedFlags, BuffersLost;
    }

    public delegate void EventRecordCallback(ref EventRecord record);

    [StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)]
    public struct EventTraceLogfile
    {
        public string LogFileName, LoggerName;
        public long CurrentTime;
        public uint BuffersRead, ProcessTraceMode;
        public EventTrace CurrentEvent;
        public LogfileHeader LogfileHeader;
        public IntPtr BufferCallback;
        public uint BufferSize, Filled, EventsLost;
        public EventRecordCallback EventRecordCallback;
        public uint IsKernelTrace;
        public IntPtr Context;
    }

    [DllImport("advapi32.dll", CharSet = CharSet.Unicode, EntryPoint = "OpenTraceW", SetLastError = true)]
    static extern ulong OpenTrace(ref EventTraceLogfile logfile);

    [DllImport("advapi32.dll")]
    static extern uint ProcessTrace(ulong[] handles, uint count, IntPtr start, IntPtr end);

    [DllImport("advapi32.dll")]
    static extern uint CloseTrace(ulong handle);

    static readonly Guid Pool = new Guid("0268a8b6-74fd-4302-9dd0-6e8f1795c0cf");
    const uint EventRecordMode = 0x10000000;
    const ushort Header32 = 0x20;

    static StreamWriter output;
    static long first, written;
    static Exception failure;

    static void Write(ref EventRecord record)
    {
        try { WriteOne(ref record); }
        catch (Exception error) { if (failure == null) failure = error; }
    }

    static void WriteOne(ref EventRecord record)
    {
        byte opcode = record.Header.Opcode;
        if (record.Header.ProviderId != Pool || opcode < 32 || opcode > 35) return;
        int pointer = (record.Header.Flags & Header32) != 0 ? 4 : 8;
        if (record.UserDataLength < 8 + 2 * pointer) return;
        uint type = (uint)Marshal.ReadInt32(record.UserData, 0);
        ulong bytes = Pointer(record.UserData, 8, pointer);
        ulong address = Pointer(record.UserData, 8 + pointer, pointer);
        StringBuilder tag = new StringBuilder(4);
        for (int i = 0; i < 4; i++)
        {
            byte character = Marshal.ReadByte(record.UserData, 4 + i);
            bool plain = character >= 0x20 && character < 0x7f && character != (byte)',';
            tag.Append(plain ? (char)character : '.');
        }
        // Stamps are in units of 100 ns; the recording begins at its first event.
        if (written == 0) first = record.Header.TimeStamp;
        written++;
        long time = Math.Max(0, (record.Header.TimeStamp - first) / 10);
        output.WriteLine(string.Format(CultureInfo.InvariantCulture,
            "{0},{1},{2},{3},{4},pool,{5},{6},{7},0x{8:x}",
            time, record.ProcessorNumber, record.Header.ThreadId, record.Header.ProcessId,
            opcode < 34 ? "alloc" : "free", tag, type, opcode < 34 ? bytes.ToString(CultureInfo.InvariantCulture) : "",
            address));
    }

    static ulong Pointer(IntPtr data, int offset, int size)
    {
        return size == 4 ? (uint)Marshal.ReadInt32(data, offset) : (ulong)Marshal.ReadInt64(data, offset);
    }

    // Writes the pool's events of a trace; gives how many there are.
    public static long Convert(string trace, string csv)
    {
        first = written = 0;
        failure = null;
        EventTraceLogfile logfile = new EventTraceLogfile();
        logfile.LogFileName = trace;
        logfile.ProcessTraceMode = EventRecordMode;
        logfile.EventRecordCallback = Write;
        ulong handle = OpenTrace(ref logfile);
        if (handle == ulong.MaxValue || handle == 0xFFFFFFFF)
        {
            throw new IOException("Cannot open the trace " + trace + ": error " + Marshal.GetLastWin32Error());
        }
        using (output = new StreamWriter(csv, false, new UTF8Encoding(false)))
        {
            output.WriteLine("time_us,cpu,thread,process,op,kind,tag,pool,size,address");
            // Where they were lost is not known, so that nothing before the first event is believed.
            uint lost = logfile.LogfileHeader.EventsLost;
            if (lost > 0) output.WriteLine("0,,,,lost,,,," + lost.ToString(CultureInfo.InvariantCulture) + ",");
            uint error = ProcessTrace(new ulong[] { handle }, 1, IntPtr.Zero, IntPtr.Zero);
            CloseTrace(handle);
            GC.KeepAlive(logfile.EventRecordCallback);
            if (error != 0) throw new IOException("Cannot read the trace " + trace + ": error " + error);
        }
        if (failure != null) throw failure;
        return written;
    }
}
'@

foreach ($one in $Tag) {
  if ($one.Length -gt 4 -or $one.Length -eq 0) { throw "A pool tag has one to four characters: $one" }
}
if ($Trace -ne '') {
  $etl = (Resolve-Path -LiteralPath $Trace).ProviderPath
} else {
  $base = Join-Path ([IO.Path]::GetTempPath()) ('lookaside-' + [Guid]::NewGuid().ToString('N'))
  $recorder = "$base.wprp"
  $etl = "$base.etl"
  $filters = ($Tag | ForEach-Object {
      '<PoolTag Value="' + [Security.SecurityElement]::Escape($_.PadRight(4)) + '"/>' }) -join ''
  $tags = if ($filters -ne '') { "<PoolTags>$filters</PoolTags>" } else { '' }
  @"
<?xml version="1.0" encoding="utf-8"?>
<WindowsPerformanceRecorder Version="1.0">
  <Profiles>
    <SystemCollector Id="SC" Name="NT Kernel Logger"><BufferSize Value="1024"/><Buffers Value="512"/></SystemCollector>
    <SystemProvider Id="SP">
      <Keywords><Keyword Value="ProcessThread"/><Keyword Value="Loader"/><Keyword Value="Pool"/></Keywords>
      $tags
    </SystemProvider>
    <Profile Id="Pool.Verbose.File" Name="Pool" DetailLevel="Verbose" LoggingMode="File" Description="Pool">
      <Collectors><SystemCollectorId Value="SC"><SystemProviderId Value="SP"/></SystemCollectorId></Collectors>
    </Profile>
  </Profiles>
</WindowsPerformanceRecorder>
"@ | Set-Content -LiteralPath $recorder -Encoding UTF8
  & wpr.exe -start $recorder -filemode
  if ($LASTEXITCODE -ne 0) { throw "wpr.exe could not start the recording: exit code $LASTEXITCODE" }
  try { Start-Sleep -Seconds $Seconds }
  finally {
    & wpr.exe -stop $etl
    Remove-Item -LiteralPath $recorder
  }
  if ($LASTEXITCODE -ne 0) { throw "wpr.exe could not end the recording: exit code $LASTEXITCODE" }
}
$csv = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Output)
$events = [PoolTrace]::Convert($etl, $csv)
if ($events -eq 0) { Write-Warning 'The trace has no events of the pool.' }
Write-Output "${Output}: $events events"
if ($Trace -eq '') { Remove-Item -LiteralPath $etl }
