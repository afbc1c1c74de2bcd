@echo off
rem SPAttention for Java on Windows, as ./spattn is elsewhere: in a checkout it builds the jars on first use, then it runs the command.
rem SPATTN_JAVA_OPTS adds options for the Java machine, TMPDIR is its temporary folder. Only the processor computes here.
rem No block in brackets holds paths or arguments, for a bracket in them would end it.
setlocal DisableDelayedExpansion
set "home=%~dp0"
set "home=%home:~0,-1%"

set "java=java"
if defined JAVA_HOME set "java=%JAVA_HOME%\bin\java"
set "version="
for /f "tokens=3" %%v in ('call "%java%" -version 2^>^&1 ^| findstr /r /c:" version .[0-9]"') do set "version=%%~v"
if not defined version echo spattn: no Java found: install a JDK 17 or newer, or set JAVA_HOME>&2
if not defined version exit /b 2
for /f "delims=.-+" %%v in ("%version%") do set "version=%%v"
if %version% lss 17 echo spattn: Java %version% found: version 17 or newer is needed>&2
if %version% lss 17 exit /b 2

rem --- in a checkout: build, when the sources are newer than the jars
set "program=%home%"
set "code=%home%\spattention.jar"
if exist "%code%" goto run
set "program=%home%\train-cli\target"
set "code=%program%\classes"
call :stale
if not errorlevel 1 goto presets
if not exist "%program%" mkdir "%program%"
echo spattn: building the jars (once; the first time Maven also fetches the libraries) ...>&2
:lock
rem one build at a time: nothing can be written to the file while another build writes to it, and that one's exit code is not ours
set "built="
call :build >"%program%\.build-lock" 2>nul
if not defined built ping -n 2 127.0.0.1 >nul
if not defined built goto lock
if "%built%"=="2" echo spattn: no Maven found, and mvnw.cmd could not get it: install Maven 3.8 or newer to build the jars on first use>&2
if "%built%"=="1" findstr /c:"ERROR" "%program%\build.log" >&2
if "%built%"=="1" echo spattn: the build failed; the whole log is in "%program%\build.log">&2
if not "%built%"=="0" exit /b %built%
:presets
rem they are data, beside the classes: an edited one needs no build
set "presets=%code%\ai\spattention\train\config\presets"
xcopy /d /y /q "%home%\config\*.yaml" "%presets%\" >nul 2>&1
for %%f in ("%presets%\*.yaml") do if not exist "%home%\config\%%~nxf" del "%%f"
del /q "%presets%\study-*.yaml" >nul 2>&1

:run
rem the program finds its own libraries of PyTorch, as it does all others
set "PYTORCH_LIBRARY_PATH="
set "PYTORCH_VERSION="
set "PYTORCH_FLAVOR="
if not defined TORCH_CPP_LOG_LEVEL set "TORCH_CPP_LOG_LEVEL=ERROR"
set "options=-XX:+UseSerialGC -Xshare:auto -XX:-UsePerfData"
if "%~1"=="train" set "options=%options% -Xms192m -Xmn64m -XX:+AlwaysPreTouch"
if "%~1"=="quickstart" set "options=%options% -Xms192m -Xmn64m -XX:+AlwaysPreTouch"
if "%~1 %~2"=="bench memory" set "options=%options% -Xms192m -Xmn64m -XX:+AlwaysPreTouch"
set "options=%options% -Xmx2g -Djava.awt.headless=true -Dai.djl.offline=true --add-opens=java.base/java.nio=ALL-UNNAMED"
set "options=%options% --enable-native-access=ALL-UNNAMED"
if %version% geq 23 set "options=%options% --sun-misc-unsafe-memory-access=allow"
set "options=%options% -Dfile.encoding=UTF-8"
if defined TMPDIR set options=%options% "-Djava.io.tmpdir=%TMPDIR%"
set "classpath=%code%;%program%\lib\*;%program%\natives\duckdb"
if defined SPATTN_CLASS_PATH set "classpath=%classpath%;%SPATTN_CLASS_PATH%"
"%java%" %options% "-Dspattention.home=%home%" %SPATTN_JAVA_OPTS% -cp "%classpath%" ai.spattention.train.cli.Main %*
exit /b %ERRORLEVEL%

rem --- error level 1 when there are no jars, or sources are newer
:stale
if not exist "%program%\.built" exit /b 1
set "newer=$built = (Get-Item -Force ($env:program + '\.built')).LastWriteTime;"
set "newer=%newer% $sources = @(Get-Item ($env:home + '\pom.xml'), ($env:home + '\*\pom.xml'));"
set "newer=%newer% $sources += @(Get-ChildItem ($env:home + '\*\src\main') -Recurse);"
set "newer=%newer% exit [int](@($sources | Where-Object { $_.LastWriteTime -gt $built }).Count -gt 0)"
powershell -NoProfile -NonInteractive -Command "%newer%" >nul 2>&1
exit /b %ERRORLEVEL%

rem --- sets built to the exit code; whoever has waited for another build finds nothing to do
:build
set "built=0"
call :stale
if not errorlevel 1 exit /b 0
set "maven=mvn"
where mvn
if errorlevel 1 call :wrapper
if "%built%"=="2" exit /b 2
if exist "%program%\lib" rmdir /s /q "%program%\lib"
type nul >"%program%\.built.begun"
pushd "%home%"
call %maven% -q -B -Dstyle.color=never -Dmaven.test.skip=true -Dassembly.skipAssembly=true -pl train-cli -am package >"%program%\build.log" 2>&1
if errorlevel 1 set "built=1"
popd
if "%built%"=="1" exit /b 1
git -C "%home%" rev-parse --short HEAD >"%program%\commit.txt"
if errorlevel 1 del "%program%\commit.txt"
move /y "%program%\.built.begun" "%program%\.built"
exit /b 0

rem --- Maven's wrapper in Maven's place: it gets one where there is none
:wrapper
set "maven=.\mvnw.cmd"
pushd "%home%"
call %maven% --version >"%program%\build.log" 2>&1
if errorlevel 1 set "built=2"
popd
exit /b 0
